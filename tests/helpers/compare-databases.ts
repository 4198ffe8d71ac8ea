// Two databases as typed values, read by SQL of its own and not by the code under test: every table, every row, every
// value with its storage class and bytes. Times count as instants.
import { TextDecoder } from 'node:util'
import Database from 'better-sqlite3'

const TIMES = new Set([
  'createdAt',
  'updatedAt',
  'expiresAt',
  'startedAt',
  'nextBilling',
  'lastReset',
  'paymentFailedAt',
  'processedAt',
  'nextChargeAt',
  'lastChargedAt',
  'voidedAt',
  'redeemedAt',
])

export type Content = Record<string, string[]>

/** Rows per table, sorted. `rename` gives a table another name. */
export function contentOf(path: string, rename: (table: string) => string = (table) => table): Content {
  const database = new Database(path, { readonly: true })
  try {
    const tables = database.prepare('pragma main.table_list').all() as { name: string; type: string; schema: string }[]
    const content: Content = {}
    for (const { name, type, schema } of tables) {
      if (schema !== 'main' || name.startsWith('sqlite_') || (type !== 'table' && type !== 'shadow')) continue
      content[rename(name)] = rowsOf(database, name)
    }
    return content
  } finally {
    database.close()
  }
}

function rowsOf(database: Database.Database, table: string): string[] {
  const quoted = `"${table.replaceAll('"', '""')}"`
  const columns = database.prepare(`pragma table_xinfo(${quoted})`).all() as { name: string }[]
  const list = columns.flatMap(({ name }) => {
    const column = `"${name.replaceAll('"', '""')}"`
    return [
      `typeof(${column})`,
      `case when typeof(${column}) in ('text', 'blob') then hex(cast(${column} as blob)) else ${column} end`,
    ]
  })
  const decoder = new TextDecoder(database.pragma('encoding', { simple: true }) as string)
  const rows = database
    .prepare(`select ${list.join(', ')} from ${quoted}`)
    .safeIntegers()
    .raw()
    .all() as unknown[][]
  return rows
    .map((row) =>
      columns.map(({ name }, at) => `${name}=${cell(name, row[at * 2], row[at * 2 + 1], decoder)}`).join('|'),
    )
    .sort()
}

function cell(column: string, storage: unknown, value: unknown, decoder: TextDecoder): string {
  const instant = TIMES.has(column) ? instantOf(storage, value, decoder) : undefined
  if (instant !== undefined) return `time:${instant}`
  return `${String(storage)}:${Object.is(value, -0) ? '-0' : String(value)}`
}

/** Milliseconds of the spellings that people used; anything else counts as it is. */
function instantOf(storage: unknown, value: unknown, decoder: TextDecoder): number | undefined {
  if (storage === 'integer') {
    const ms = Number(value)
    return ms >= -62_167_219_200_000 && ms <= 253_402_300_799_999 ? ms : undefined
  }
  if (storage !== 'text') return undefined
  const text = decoder.decode(Buffer.from(String(value), 'hex'))
  if (!/^\d{4}-\d\d-\d\d([T ]\d\d:\d\d:\d\d(\.\d{1,3})?(Z|[+-]\d\d:\d\d)?)?$/.test(text)) return undefined
  const iso =
    text.length === 10 ? `${text}T00:00:00Z` : `${text.replace(' ', 'T')}${/Z|[+-]\d\d:\d\d$/.test(text) ? '' : 'Z'}`
  const ms = Date.parse(iso)
  return Number.isNaN(ms) || new Date(ms).toISOString().slice(8, 10) !== dayOf(iso, ms) ? undefined : ms
}

/** Date.parse takes 30 February for 1 March; the day must come back. */
function dayOf(iso: string, ms: number): string {
  const offset = /([+-])(\d\d):(\d\d)$/.exec(iso)
  if (!offset) return iso.slice(8, 10)
  const minutes = (offset[1] === '-' ? 1 : -1) * (Number(offset[2]) * 60 + Number(offset[3]))
  const local = new Date(ms - minutes * 60_000).toISOString().slice(8, 10)
  return local === iso.slice(8, 10) ? new Date(ms).toISOString().slice(8, 10) : 'none'
}
