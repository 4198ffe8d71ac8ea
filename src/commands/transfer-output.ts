// What split and merge print for a person: the proof as a table, then what deserves a look.
import type { MergeReport, ProvedTable, SplitReport } from '../transfer/report.ts'

const number = (value: number): string => value.toLocaleString('en-ZA').replaceAll(' ', ' ')
const megabytes = (bytes: number): string => `${(bytes / 1_048_576).toFixed(1)} MiB`

/** Rows and checksums of both sides, a line a table. Only the first digits of a checksum; the report has them whole. */
export function printProof({ tables }: { readonly tables: readonly ProvedTable[] }): string {
  const lines = tables.map(({ table, file, rows, checksum, equal }) => [
    table,
    file,
    number(rows.legacy),
    number(rows.files),
    checksum.legacy.slice(0, 12),
    checksum.files.slice(0, 12),
    equal ? 'equal' : 'DIFFERENT',
  ])
  const head = ['table', 'file', 'rows before', 'rows after', 'sum before', 'sum after', '']
  return `${columns([head, ...lines])}\n`
}

export function printSplit(report: SplitReport): string {
  const seconds = Object.values(report.durations).reduce((sum, duration) => sum + duration, 0) / 1_000
  const rows = report.tables.reduce((sum, table) => sum + table.rows.legacy, 0)
  const sizes = report.files.map(({ file, bytes }) => `${file}.db ${megabytes(bytes)}`).join(', ')
  const done = report.dryRun
    ? `Would split ${report.legacy.path} into ${report.into}: ${number(rows)} rows, proved. Nothing was written.`
    : `Split ${report.legacy.path} into ${report.into}: ${number(rows)} rows in ${seconds.toFixed(1)} s, proved equal.`
  return [done, `Files: ${sizes}`, ...findings(report), ''].join('\n')
}

export function printMerge(report: MergeReport): string {
  const rows = report.tables.reduce((sum, table) => sum + table.rows.legacy, 0)
  const sizes = report.files.map(({ bytes }) => megabytes(bytes)).join(', ')
  const added =
    report.addedColumns.length > 0
      ? [`Columns that the unified database did not have: ${report.addedColumns.join(', ')}`]
      : []
  return [
    `Merged ${report.from} into ${report.into} (${report.layout}): ${number(rows)} rows, ${sizes}, proved equal.`,
    ...added,
    '',
  ].join('\n')
}

/** One line for each kind of thing that split did beside copying; nothing for what did not occur. */
function findings(report: SplitReport): string[] {
  const { unassigned } = report
  const detached = Object.entries(report.detached).map(([place, kinds]) => `${place} ${listed(kinds)}`)
  const orphans = report.orphans
    .filter(({ orphans: { files } }) => files > 0)
    .map(({ link, orphans: { files } }) => `${link} ${number(files)}`)
  const unreadable = Object.entries(report.unreadableTimes).map(
    ([column, count]) => `${column} ${number(Number(count))}`,
  )
  const tables = unassigned.tables.map(({ table, rows }) => `${table} (${number(rows)} rows)`)
  const unknown = unassigned.columns.map(({ table, columns: names }) => `${table}.${names.join(`, ${table}.`)}`)
  const lines: [string, readonly string[]][] = [
    ['Personal information taken out of text', detached],
    ['People without an account, kept as contacts', report.contacts > 0 ? [number(report.contacts)] : []],
    ['Links to rows that are not there, kept', orphans],
    ['Times that are none, kept as found', unreadable],
    [
      'Legacy spellings kept for merge',
      Object.entries(report.originals).map(([column, count]) => `${column} ${number(count)}`),
    ],
    ['Unknown, carried whole in unassigned.db', [...tables, ...unknown]],
    ['Tables that the input lacks', report.missingTables],
  ]
  return lines.filter(([, items]) => items.length > 0).map(([title, items]) => `${title}: ${items.join('; ')}`)
}

const listed = (kinds: Readonly<Record<string, number>>): string =>
  Object.entries(kinds)
    .map(([kind, count]) => `${number(count)} ${kind}`)
    .join(', ')

function columns(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, index) => Math.max(...rows.map((row) => row[index]?.length ?? 0)))
  const isNumber = (index: number) => index === 2 || index === 3
  const cell = (text: string, index: number) =>
    isNumber(index) ? text.padStart(widths[index] ?? 0) : text.padEnd(widths[index] ?? 0)
  return rows.map((row) => row.map(cell).join('  ').trimEnd()).join('\n')
}
