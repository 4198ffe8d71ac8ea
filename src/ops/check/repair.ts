// Follows the policy of each link for rows whose parent is gone: `delete` removes them, `null` empties the column, `keep`
// leaves them. First all rows that will change are written to an undo file; then they change, in small transactions, each
// row only where it still is as it was read and its parent is still missing. Rows about money are counted, never touched.
import { type CatalogModel, quote } from '../../database/catalog.ts'
import { changeIn, type Files } from '../../database/clients.ts'
import type { Connection } from '../../database/connections.ts'
import type { Domain } from '../../database/domains.ts'
import type { Stored } from '../../database/row-codec.ts'
import type { Tx } from '../../database/rows.ts'
import { type LinkEnd, linksOf, nameOfLink, orphansOf } from './links.ts'
import { moneyRows } from './money.ts'
import { type Left, planRepair } from './repair-plan.ts'
import { readUndoFile, type UndoLine, writeUndoFile } from './undo-file.ts'
import type { Readers } from './view.ts'

export interface RepairOptions {
  readonly files: Files
  /** Of the same files; the caller opens and closes them. */
  readonly readers: Readers
  /** Files whose rows may change. */
  readonly domains: readonly Domain[]
  readonly undoFolder: string
  readonly now: Date
  readonly dryRun: boolean
  /** Also where so many rows of a link would go that the other file was rather lost; left out: no. */
  readonly evenIfMany?: boolean
  readonly onRow?: (done: number, total: number) => void
}

export interface RepairedLink {
  /** `identity.Session.userId` */
  readonly link: string
  readonly policy: 'delete' | 'null'
  /** Rows that will change, in a dry run; those that did otherwise. */
  readonly rows: number
}

export interface RepairReport {
  readonly dryRun: boolean
  /** Path of the undo file; null where nothing was to change, or in a dry run. */
  readonly undo: string | null
  readonly repaired: readonly RepairedLink[]
  readonly left: readonly Left[]
}

const BATCH = 100

export async function repair(options: RepairOptions): Promise<RepairReport> {
  const { domains, readers, dryRun, undoFolder, now, evenIfMany = false } = options
  const ends = domains.flatMap(linksOf).filter(({ link }) => link.onErase !== 'keep')
  const { todo: planned, left } = planRepair(ends, readers, evenIfMany)
  if (dryRun) return { dryRun, undo: null, repaired: planned.map(({ end, rows }) => repairedLink(end, rows)), left }
  const todo = planned.map(({ end }) => end)
  const tally = new Map<string, { planned: number; done: number }>()
  const undo = writeUndoFile(undoFolder, now, linesOf(todo, readers, tally))
  if (undo !== null) await apply(undo, todo, options, tally)
  const repaired = todo.flatMap((end) => {
    const rows = tally.get(nameOfLink(end))?.done ?? 0
    return rows > 0 ? [repairedLink(end, rows)] : []
  })
  const changed = [...tally]
    .filter(([, { planned, done }]) => planned > done)
    .map(([link, { planned, done }]) => ({ link, rows: planned - done, why: 'changed meanwhile' as const }))
  return { dryRun, undo, repaired, left: [...left, ...changed] }
}

const repairedLink = (end: LinkEnd, rows: number): RepairedLink => ({
  link: nameOfLink(end),
  policy: policyOf(end),
  rows,
})

const notMoney = (model: CatalogModel): string => (moneyRows(model) ? ` and not ${moneyRows(model)}` : '')

const policyOf = ({ link }: LinkEnd): 'delete' | 'null' => (link.onErase === 'null' ? 'null' : 'delete')

function* linesOf(
  ends: readonly LinkEnd[],
  readers: Readers,
  tally: Map<string, { planned: number; done: number }>,
): Generator<UndoLine> {
  for (const end of ends) {
    const { model, link } = end
    const rows = readers[model.domain]
      ?.prepare(`select * from ${quote(model.name)} where ${quote(link.column)} = ?${notMoney(model)}`)
      .safeIntegers()
    for (const missing of orphansOf(end, readers)) {
      if (!missing || !rows) continue
      for (const row of rows.all(missing.key) as Record<string, Stored>[]) {
        const count = tally.get(nameOfLink(end)) ?? { planned: 0, done: 0 }
        tally.set(nameOfLink(end), { ...count, planned: count.planned + 1 })
        yield { model, action: policyOf(end), column: link.column, row }
      }
    }
  }
}

async function apply(
  undo: string,
  ends: readonly LinkEnd[],
  { files, readers, onRow }: RepairOptions,
  tally: Map<string, { planned: number; done: number }>,
): Promise<void> {
  const total = [...tally.values()].reduce((sum, { planned }) => sum + planned, 0)
  let done = 0
  for await (const batch of batchesOf(readUndoFile(undo))) {
    const { domain } = (batch[0] as UndoLine).model
    const changed = await changeIn(files, domain, (tx) => batch.filter((line) => repairRow(tx, line, ends, readers)))
    for (const { model, column } of changed) {
      const count = tally.get(`${model.domain}.${model.name}.${column}`)
      if (count) count.done += 1
    }
    done += batch.length
    onRow?.(done, total)
  }
}

function repairRow(tx: Tx, line: UndoLine, ends: readonly LinkEnd[], readers: Readers): boolean {
  const { model, action, column, row } = line
  const end = ends.find((candidate) => candidate.model === model && candidate.link.column === column)
  const value = row[column] ?? null
  if (!end || value === null || isThere(end, readers[end.link.to.domain], value)) return false
  const [where, values] = keyOf(line)
  const [table, name] = [quote(model.name), quote(column)]
  const sql = action === 'delete' ? `delete from ${table}` : `update ${table} set ${name} = null`
  return tx.run(`${sql} where ${where} and ${name} = ?${notMoney(model)}`, ...values, value) > 0
}

function isThere({ link }: LinkEnd, reader: Connection | undefined, value: Stored): boolean {
  if (!reader) return true
  const { model, column } = link.to
  const tables = [[model, column], ...(link.subject ? [['Contact', 'id']] : [])] as [string, string][]
  return tables.some(
    ([table, key]) => reader.prepare(`select 1 from ${quote(table)} where ${quote(key)} = ?`).get(value) !== undefined,
  )
}

/** The condition on the row's primary key, and its values. */
function keyOf({ model, row }: { readonly model: CatalogModel; readonly row: UndoLine['row'] }): [string, Stored[]] {
  return [model.key.map((name) => `${quote(name)} = ?`).join(' and '), model.key.map((name) => row[name] ?? null)]
}

/** Lines of one file each, in their order. */
async function* batchesOf(lines: AsyncIterable<UndoLine>): AsyncGenerator<readonly UndoLine[]> {
  let batch: UndoLine[] = []
  for await (const line of lines) {
    if (batch.length === BATCH || (batch[0] && batch[0].model.domain !== line.model.domain)) {
      yield batch
      batch = []
    }
    batch.push(line)
  }
  if (batch.length > 0) yield batch
}

export interface UndoReport {
  readonly restored: number
  /** Rows whose place is taken, or that were never changed. */
  readonly left: number
}

/** Puts the rows of an undo file back, wherever nothing has taken their place. Throws UsageError for another file. */
export async function undoRepair(files: Files, path: string): Promise<UndoReport> {
  let [restored, left] = [0, 0]
  for await (const batch of batchesOf(readUndoFile(path))) {
    const { domain } = (batch[0] as UndoLine).model
    const back = await changeIn(files, domain, (tx) => batch.filter((line) => putBack(tx, line)).length)
    restored += back
    left += batch.length - back
  }
  return { restored, left }
}

function putBack(tx: Tx, line: UndoLine): boolean {
  const { model, action, column, row } = line
  const table = quote(model.name)
  if (action === 'delete') {
    const names = Object.keys(row)
    const marks = names.map(() => '?').join(', ')
    const sql = `insert or ignore into ${table} (${names.map(quote).join(', ')}) values (${marks})`
    return tx.run(sql, ...Object.values(row)) > 0
  }
  const [where, values] = keyOf(line)
  const sql = `update ${table} set ${quote(column)} = ? where ${where} and ${quote(column)} is null`
  return tx.run(sql, row[column] ?? null, ...values) > 0
}
