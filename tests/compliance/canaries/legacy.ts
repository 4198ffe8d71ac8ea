// A unified database in which every column of every table holds canaries of every kind: alone, in a sentence, in JSON, in JSON
// that is cut off, in JSON within JSON.
import Database from 'better-sqlite3'
import { LEGACY_TABLES } from '../../helpers/legacy-tables.ts'
import { type Cage, KINDS } from './birds.ts'

const NO_DIGITS = KINDS.filter((kind) => kind !== 'idNumber')

interface Column {
  readonly name: string
  readonly type: string
  readonly pk: number
}

type Wrapping = (value: string) => string

const WRAPPINGS: readonly Wrapping[] = [
  (value) => value,
  (value) => `called by ${value}, twice`,
  (value) => JSON.stringify({ note: value, list: [1, value] }),
  (value) => `{"note":"${value}","cut":"of`,
  (value) => JSON.stringify({ payload: JSON.stringify({ deep: { value } }) }).replaceAll('@', '\\u0040'),
]
/** Prose of years; elsewhere a canary stands alone, and once in something. */
const PROSE = /^(meta|voidReason)$/
/** Digits of an id may be like somebody's number and are let be. */
const KEYS = /^(id|targetId|batchId|pfPaymentId|subscriptionId|voucherId|code|token|payfastToken)$/

export function plantLegacy(path: string, cage: Cage): void {
  const database = new Database(path)
  database.pragma('foreign_keys = OFF')
  database.pragma('synchronous = OFF')
  for (const sql of LEGACY_TABLES) database.exec(sql)
  database.pragma('user_version = 7')
  const names = database.prepare("select name from sqlite_schema where type = 'table'").pluck().all() as string[]
  database.transaction(() => {
    for (const name of names) plantTable(database, name, cage)
  })()
  database.close()
}

function plantTable(database: Database.Database, table: string, cage: Cage): void {
  const columns = database.pragma(`table_info("${table}")`) as Column[]
  const insert = database.prepare(`insert into "${table}" values (${columns.map(() => '?').join(', ')})`)
  let rows = 0
  for (const { name, type } of columns.filter(({ type, pk }) => pk === 0 && (type === 'TEXT' || type === 'DATETIME')))
    for (const kind of KEYS.test(name) ? NO_DIGITS : KINDS)
      for (const wrap of wrappingsOf(name, type, rows)) {
        rows += 1
        const value = wrap(cage.plant(kind, `legacy ${table}.${name} ${kind}`))
        insert.run(columns.map((column) => (column.name === name ? value : plain(column, rows))))
      }
}

/** Digits alone would become a number in a column of times. */
function wrappingsOf(name: string, type: string, nth: number): readonly Wrapping[] {
  if (PROSE.test(name)) return WRAPPINGS
  const another = 1 + (nth % (WRAPPINGS.length - 1))
  return WRAPPINGS.filter((_, at) => at === another || (at === 0 && type === 'TEXT'))
}

function plain({ name, type }: Column, row: number): string | number {
  if (type === 'DATETIME') return '2024-05-06 07:08:09'
  return type === 'TEXT' ? `${name.toLowerCase()}x${row}` : 1
}
