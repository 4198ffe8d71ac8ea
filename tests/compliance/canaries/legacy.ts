// A unified database in which every column of every table holds canaries of every kind, whatever type it was declared with, since
// SQLite keeps anything anywhere: as text (alone, in a sentence, in JSON, in JSON that is cut off, in JSON within JSON), as a
// blob, and what is digits as an integer. Tables and columns are read from the file.
import Database from 'better-sqlite3'
import { LEGACY_TABLES } from '../../helpers/legacy-tables.ts'
import { type Cage, KINDS, type Kind } from './birds.ts'

interface Column {
  readonly name: string
  readonly type: string
  readonly pk: number
}

type Cell = string | number | bigint | Buffer

const WRAPPINGS: readonly ((value: string) => string)[] = [
  (value) => value,
  (value) => `called by ${value}, twice`,
  (value) => JSON.stringify({ note: value, list: [1, value] }),
  (value) => `{"note":"${value}","cut":"of`,
  (value) => JSON.stringify({ payload: JSON.stringify({ deep: { value } }) }).replaceAll('@', '\\u0040'),
]
/** Prose of years; elsewhere a canary stands alone, and once in something. */
const PROSE = /^(meta|voidReason)$/
/** Ids, codes and tokens: digits alone may be like somebody's number and are let be. */
const KEYS = /^(id|targetId|batchId|pfPaymentId|subscriptionId|voucherId|code|token|payfastToken)$/

export interface Planted {
  readonly tables: number
  /** `Table.column` of all that hold canaries. */
  readonly columns: readonly string[]
}

export function plantLegacy(path: string, cage: Cage): Planted {
  using database = openLegacy(path)
  const columns: string[] = []
  const tables = tablesOf(database)
  database.transaction(() => {
    for (const table of tables) columns.push(...plantTable(database, table, cage))
  })()
  return { tables: tables.length, columns }
}

/** Rows with this kind as their primary key, one in each table. Gives the names of the keys. */
export function plantKeys(path: string, cage: Cage, kind: Kind): readonly string[] {
  using database = openLegacy(path)
  return tablesOf(database).map((table) => {
    const columns = columnsOf(database, table)
    const place = `${table}.${columns.find(({ pk }) => pk > 0)?.name}`
    inserter(database, table)(columns.map((column) => (column.pk > 0 ? cage.plant(kind, place) : plain(column, 0))))
    return place
  })
}

/** Places of canaries that these bytes hold as SQLite's records hold a number (fileformat2.html, 2.1). */
export const numbersIn = (bytes: Buffer, { all }: Cage): readonly string[] =>
  all.filter(({ kind, value }) => isNumber(kind) && bytes.includes(recordOf(value))).map(({ place }) => place)

const isNumber = (kind: Kind) => kind === 'idNumber' || kind === 'card'

function recordOf(value: string): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigInt64BE(integer(value))
  return bytes.subarray(bytes.readUInt16BE(0) === 0 ? 2 : 0)
}

function openLegacy(path: string): Database.Database & Disposable {
  const database = new Database(path)
  database.pragma('foreign_keys = OFF')
  database.pragma('synchronous = OFF')
  for (const sql of LEGACY_TABLES) database.exec(sql)
  database.pragma('user_version = 7')
  return Object.assign(database, { [Symbol.dispose]: () => void database.close() })
}

const tablesOf = (database: Database.Database) =>
  database.prepare("select name from sqlite_schema where type = 'table'").pluck().all() as string[]
const columnsOf = (database: Database.Database, table: string) => database.pragma(`table_info("${table}")`) as Column[]

function inserter(database: Database.Database, table: string): (cells: readonly Cell[]) => void {
  const places = columnsOf(database, table).map(() => '?')
  const insert = database.prepare(`insert into "${table}" values (${places.join(', ')})`)
  return (cells) => void insert.run(cells)
}

function plantTable(database: Database.Database, table: string, cage: Cage): readonly string[] {
  const [columns, insert] = [columnsOf(database, table), inserter(database, table)]
  let row = 0
  const plantable = columns.filter(({ pk }) => pk === 0)
  for (const planted of plantable)
    for (const kind of KINDS)
      for (const form of formsOf(planted, kind, row)) {
        row += 1
        const cell = form(cage.plant(kind, `legacy ${table}.${planted.name} ${kind}`))
        insert(columns.map((column) => (column.name === planted.name ? cell : plain(column, row))))
      }
  return plantable.map(({ name }) => `${table}.${name}`)
}

type Form = (value: string) => Cell

const digitsOf = (value: string) => value.replaceAll(/\D/g, '')
const blob: Form = (value) => Buffer.from(`\0\x01 ${value}\xff`)
const integer = (value: string) => BigInt(digitsOf(value))

function formsOf({ name, type }: Column, kind: Kind, nth: number): readonly Form[] {
  if (KEYS.test(name)) return [...(kind === 'idNumber' ? [] : textsOf(name, nth)), blob]
  const numbers = isNumber(kind) && type !== 'DATETIME' ? [integer] : []
  return [...textsOf(name, nth), blob, ...numbers]
}

function textsOf(name: string, nth: number): readonly Form[] {
  if (PROSE.test(name)) return WRAPPINGS
  const another = 1 + (nth % (WRAPPINGS.length - 1))
  return WRAPPINGS.filter((_, at) => at === another || at === 0)
}

function plain({ name, type }: Column, row: number): string | number {
  if (type === 'DATETIME') return '2024-05-06 07:08:09'
  return type === 'TEXT' ? `${name.toLowerCase()}x${row}` : 1
}
