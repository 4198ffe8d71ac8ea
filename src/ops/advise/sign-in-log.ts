// The fourth question: does the log of sign-ins slow the rest? Two things are measured: what it weighs (its pages, and the time to
// read through them, which every backup, copy and integrity check takes), and how long one row of it holds the only writer, in a
// scratch file with rows of the same lengths, times how many rows came in the busiest hour.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { quote } from '../../database/catalog.ts'
import { columnNamed, sample, type Table, tableNamed, type Unified } from './unified-file.ts'

export interface SignInLog {
  readonly rows: number
  /** With its indexes. */
  readonly bytes: number
  /** Of the pages in use. */
  readonly share: number
  readonly readMs: number
  readonly readOthersMs: number
  /** Median of one insert with its COMMIT, synced. */
  readonly insertMs: number
  readonly busiestHour: number
  /** Of the writer's time, in the busiest hour. */
  readonly writerShare: number
}

const SAMPLE = 5_000
const SCRATCH_ROWS = 20_000
const INSERTS = 25
const HOUR_MS = 3_600_000

export function measureSignInLog(unified: Unified, now: () => number): SignInLog | undefined {
  const table = tableNamed(unified, 'AuthLog')
  if (!table) return undefined
  const { rows, values } = sample(unified, table, table.columns, SAMPLE)
  const seen = [...values]
  const sizes = weigh(unified, now)
  const own = sizes.get(table.name) ?? { bytes: 0, ms: 0 }
  const all = [...sizes.values()]
  const total = all.reduce((sum, { bytes }) => sum + bytes, 0)
  const insertMs = rows === 0 ? 0 : timeInsert(unified, table, seen, Math.min(rows, SCRATCH_ROWS), now)
  const busiestHour = busiest(unified, table)
  return {
    ...{ rows, bytes: own.bytes, share: total === 0 ? 0 : own.bytes / total },
    readMs: own.ms,
    readOthersMs: all.reduce((sum, { ms }) => sum + ms, 0) - own.ms,
    ...{ insertMs, busiestHour, writerShare: (busiestHour * insertMs) / HOUR_MS },
  }
}

/** Bytes of each table with its indexes, and the milliseconds that reading their pages took. */
function weigh({ connection }: Unified, now: () => number): Map<string, { bytes: number; ms: number }> {
  const trees = connection
    .prepare<[], { name: string; tbl_name: string }>('select name, tbl_name from sqlite_schema where rootpage > 0')
    .all()
  const bytesOf = connection.prepare<[string], number>('select sum(pgsize) from dbstat where name = ?').pluck()
  const sizes = new Map<string, { bytes: number; ms: number }>()
  for (const { name, tbl_name: table } of trees) {
    const began = now()
    const bytes = bytesOf.get(name) ?? 0
    const before = sizes.get(table) ?? { bytes: 0, ms: 0 }
    sizes.set(table, { bytes: before.bytes + bytes, ms: before.ms + now() - began })
  }
  return sizes
}

/** A scratch file without anybody's data: text as long as that of the sample, nothing of what it says. */
function timeInsert(
  { connection }: Unified,
  table: Table,
  seen: readonly (readonly unknown[])[],
  rows: number,
  now: () => number,
): number {
  const folder = mkdtempSync(join(tmpdir(), 'gogga-advise-'))
  const scratch = new Database(join(folder, 'scratch.db'))
  try {
    scratch.pragma('journal_mode = WAL')
    scratch.pragma('synchronous = FULL')
    const columns = table.columns.map((column) => quote(column))
    scratch.exec(`create table ${quote(table.name)} (${columns.join(', ')})`)
    for (const sql of indexesOf(connection, table)) scratch.exec(sql)
    const insert = scratch.prepare(`insert into ${quote(table.name)} values (${columns.map(() => '?').join(', ')})`)
    const like = (nth: number) => (seen[nth % seen.length] ?? []).map((value) => disguised(value, nth))
    scratch.transaction(() => {
      for (let nth = 0; nth < rows; nth++) insert.run(like(nth))
    })()
    const times = Array.from({ length: INSERTS }, (_, nth) => {
      const began = now()
      insert.run(like(rows + nth))
      return now() - began
    })
    return times.sort((one, other) => one - other)[Math.floor(INSERTS / 2)] ?? 0
  } finally {
    scratch.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Those that could be unique are not: the invented values may repeat. */
function indexesOf(connection: Database.Database, { name }: Table): readonly string[] {
  const lists = connection.prepare<[string], { name: string }>('select name from pragma_index_list(?)').all(name)
  return lists.flatMap(({ name: index }, nth) => {
    const columns = connection
      .prepare<[string], string | null>('select name from pragma_index_info(?)')
      .pluck()
      .all(index)
    if (columns.some((column) => column === null)) return []
    return `create index i${nth} on ${quote(name)} (${columns.map((column) => quote(column ?? '')).join(', ')})`
  })
}

function disguised(value: unknown, nth: number): unknown {
  if (typeof value === 'string')
    return String(nth * 7_919)
      .padEnd(value.length, 'x')
      .slice(0, value.length)
  return typeof value === 'number' ? value + nth : value instanceof Uint8Array ? new Uint8Array(value.length) : null
}

/** Rows in the busiest hour of the last 30 days that it knows, whatever the spelling of its times. */
function busiest({ connection }: Unified, table: Table): number {
  const column = columnNamed(table, 'createdAt')
  if (!column) return 0
  const time = quote(column)
  const seconds = `case typeof(${time}) when 'text' then unixepoch(${time}) else ${time} / 1000 end`
  const sql = `with hours as (select cast(${seconds} as integer) / 3600 as hour from ${quote(table.name)})
    select max(count) from (select count(*) as count from hours
      where hour > (select max(hour) from hours) - 720 group by hour)`
  return (connection.prepare(sql).pluck().get() as number | null) ?? 0
}
