// Every value of a file that may not hold personal information, a few thousand rows at a time, so that no snapshot keeps
// the log of a file in use from being checkpointed.
import { quote } from '../../../database/catalog.ts'
import type { Connection } from '../../../database/connections.ts'
import type { Domain } from '../../../database/domains.ts'
import type { Finding } from '../finding.ts'
import { type ScannedColumn, type ScannedTable, tablesIn } from './columns.ts'
import type { KnownValues } from './known.ts'
import { lookerFor } from './look.ts'
import { shown, Tally } from './tally.ts'

export interface Progress {
  readonly file: string
  readonly table: string
  /** Of this table, so far. */
  readonly rows: number
}

export interface Scan {
  readonly domain: Domain
  readonly connection: Connection
  readonly known: KnownValues
  readonly onProgress?: ((progress: Progress) => void) | undefined
  /** Ids, codes and tokens by every detector too: what only looks like a number may be chance there. */
  readonly closely?: boolean
  /** Which rows of a table, as SQL and its values; all where there is none. */
  readonly rowsOf?: (table: string) => RowsOf | undefined
}

export interface RowsOf {
  readonly sql: string
  readonly values: readonly string[]
}

const ROWS = 4096

/** The findings of one file, and one that says how much was looked at, and how. */
export function scanFile(scan: Scan): Finding[] {
  const tables = tablesIn(scan.connection, scan.domain).map((table) => (scan.closely ? closely(table) : table))
  const findings: Finding[] = []
  let rows = 0
  for (const table of tables.filter(({ columns }) => columns.length > 0)) {
    try {
      const scanned = scanTable(scan, table)
      findings.push(...scanned.findings)
      rows += scanned.rows
    } catch (error) {
      findings.push(unreadable(scan.domain, table, error as Error))
    }
  }
  return [...findings, scopeOf(scan.domain, tables, rows)]
}

const closely = (table: ScannedTable): ScannedTable => ({
  ...table,
  columns: table.columns.map((column) => (column.closeness === 'key' ? { ...column, closeness: 'text' } : column)),
})

type Row = readonly (string | number | Uint8Array | null)[]

function scanTable(
  { domain, connection, known, onProgress, rowsOf }: Scan,
  table: ScannedTable,
): { findings: Finding[]; rows: number } {
  const tally = new Tally()
  const lookers = table.columns.map(({ closeness }) => lookerFor(closeness, known))
  let rows = 0
  for (const row of rowsIn(connection, table, rowsOf?.(table.name))) {
    for (let index = 0; index < lookers.length; index++) {
      const cell = row[index + 1]
      if (cell === null || cell === undefined) continue
      const hits = lookers[index]?.(cell)
      if (hits && hits.length > 0) tally.add(table.columns[index] as ScannedColumn, hits)
    }
    if (++rows % ROWS === 0) onProgress?.({ file: `${domain}.db`, table: shown(table.name), rows })
  }
  onProgress?.({ file: `${domain}.db`, table: shown(table.name), rows })
  return { findings: tally.findings(domain, table), rows }
}

/** Each row with its rowid first. Without one the table is read in one go. */
function* rowsIn(
  connection: Connection,
  { name, columns, rowid }: ScannedTable,
  { sql, values }: RowsOf = { sql: 'true', values: [] },
): Generator<Row> {
  const list = columns.map(({ expression }) => expression).join(', ')
  if (rowid === undefined) {
    yield* connection
      .prepare<unknown[], Row>(`select 0, ${list} from ${quote(name)} where ${sql}`)
      .raw()
      .iterate(...values)
    return
  }
  const page = connection
    .prepare<unknown[], Row>(
      `select ${rowid}, ${list} from ${quote(name)} where ${rowid} > ? and ${sql} order by ${rowid} limit ?`,
    )
    .raw()
  let last: unknown = -(2n ** 63n)
  for (let count = ROWS; count >= ROWS; ) {
    count = 0
    // Beyond what a number can tell apart paging could go in circles.
    const limit = Math.abs(Number(last)) > Number.MAX_SAFE_INTEGER && typeof last === 'number' ? -1 : ROWS
    for (const row of page.iterate(last, ...values, limit)) {
      count++
      last = row[0]
      yield row
    }
    if (limit === -1) return
  }
}

function unreadable(domain: Domain, table: ScannedTable, error: Error): Finding {
  const code = (error as { code?: string }).code ?? error.name
  return {
    severity: 'medium',
    section: 'values',
    code: 'values.unreadable',
    message: `The table could not be read to its end: ${code}`,
    place: { file: `${domain}.db`, table: shown(table.name) },
    count: 1,
    next: `Run "npx gogga check" on ${domain}.db; remove the table if it belongs to no schema.`,
  }
}

function scopeOf(domain: Domain, tables: readonly ScannedTable[], rows: number): Finding {
  const columns = tables.flatMap((table) => table.columns)
  const count = (closeness: string) => columns.filter((column) => column.closeness === closeness).length
  return {
    severity: 'info',
    section: 'values',
    code: 'values.scope',
    message:
      `${rows} rows of ${tables.length} tables: ${count('text')} columns by every detector, ${count('key') + count('count')} of ids, ` +
      `codes and tokens by emails and values of identity.db alone where they look like one, ${count('time') + count('link')} of times ` +
      'and links where they hold something else',
    place: { file: `${domain}.db` },
    count: rows,
    next: 'Nothing: this says what was looked at.',
  }
}
