// The load: each table of the snapshot, row by row, through its rules into the new files. Every so many rows all files
// commit and the journal is replaced; a run that comes after a kill takes away what came after that and goes on.
import { setImmediate as breathe } from 'node:timers/promises'
import { quote } from '../database/catalog.ts'
import type { Connection } from '../database/connections.ts'
import type { TransferContext } from './context.ts'
import { detacher } from './detacher.ts'
import { carriedColumns, type FoundTable, readable, rowidOf } from './inspect.ts'
import { writeSchema } from './legacy-schema.ts'
import { originalsWriter } from './originals.ts'
import { isPeople, type Plan, type PlannedTable } from './plan.ts'
import { readRows } from './read-rows.ts'
import { rowWriter, type WriteRow } from './row-writer.ts'
import type { RuleContext } from './rules.ts'
import { Subjects } from './subjects.ts'
import { connectionsOf, createIndexes, isPeopleIndex, loadedTables, type Targets } from './target-files.ts'
import { canonicalTime } from './times.ts'
import { typedInsert } from './typed-insert.ts'
import type { Journal, TableProgress, WorkFolder } from './work-folder.ts'

const BATCH_ROWS = 20_000

export interface Load {
  readonly snapshot: Connection
  readonly targets: Targets
  readonly plan: Plan
  readonly work: WorkFolder
  readonly context: TransferContext
  /** Throws where something that runs beside the load has failed. */
  readonly check: () => void
}

/** Loads what the journal does not have yet, and returns the journal of the finished load. */
export async function load(task: Load, begun: Journal): Promise<Journal> {
  takeBack(task, begun)
  const rules = ruleContext(task, begun)
  let journal = begun
  for (const { table } of task.plan.known) {
    journal = await loadTable(task, journal, table, () => rowWriter(table, task.targets, rules))
    if (isPeople(table)) createPeopleIndexes(task, journal)
  }
  for (const { table } of task.plan.unknown) {
    journal = await loadTable(task, journal, table, () => unknownWriter(task.targets.unassigned, table))
  }
  writeSchema(task.targets.identity, task.plan.layout.schema)
  createIndexes(task.targets, journal.indexes)
  return journal
}

/** Others are found by these while they load. They stay when the table was finished by an earlier run. */
function createPeopleIndexes({ targets }: Load, journal: Journal): void {
  createIndexes(targets, journal.indexes.filter(isPeopleIndex))
  targets.scratch.exec('create index if not exists spelling_key on spelling (key, id)')
}

function ruleContext({ targets, context }: Load, { counts, startedAt }: Journal): RuleContext {
  const randomId = () => context.randomId()
  const { identity, scratch } = targets
  const now = canonicalTime(new Date(startedAt))
  return {
    keep: originalsWriter(identity),
    detach: detacher(identity, randomId, now),
    subjects: new Subjects({ identity, scratch, randomId, now }),
    counts,
    randomId,
    row: { id: '', owner: null },
  }
}

async function loadTable(task: Load, begun: Journal, table: FoundTable, writer: () => WriteRow): Promise<Journal> {
  const before = begun.tables[table.name] ?? { last: null, rows: 0, done: false }
  if (before.done) return begun
  const write = writer()
  const { layout } = task.plan
  const after = before.last === null ? undefined : BigInt(before.last)
  let journal = begun
  let rows = before.rows
  begin(task.targets)
  for (const row of readRows(task.snapshot, readable(table), layout.encoding, after)) {
    write(row)
    rows += 1
    if (rows % (task.context.batchRows ?? BATCH_ROWS) !== 0) continue
    if (canGoOn(table)) journal = checkpoint(task, journal, table, { last: String(row[0]), rows, done: false })
    else commit(task.targets)
    await pause(task, journal, table)
    begin(task.targets)
  }
  journal = checkpoint(task, journal, table, { last: null, rows, done: true })
  await pause(task, journal, table)
  return journal
}

/** Whether a second run may begin behind the last checkpoint; other tables begin anew. */
const canGoOn = ({ legacy, rowid }: FoundTable): boolean => legacy !== undefined && rowid !== undefined

function begin(targets: Targets): void {
  for (const [, connection] of connectionsOf(targets)) connection.exec('begin immediate')
}

function commit(targets: Targets): void {
  for (const [, connection] of connectionsOf(targets)) connection.exec('commit')
}

function checkpoint(task: Load, journal: Journal, table: FoundTable, progress: TableProgress): Journal {
  const marks = marksOf(task)
  commit(task.targets)
  const next = { ...journal, marks, tables: { ...journal.tables, [table.name]: progress } }
  task.work.writeJournal(next)
  return next
}

/** Lets signals, messages and progress through. */
async function pause({ context, plan, check }: Load, journal: Journal, table: FoundTable): Promise<void> {
  const done = Object.values(journal.tables).reduce((sum, { rows }) => sum + rows, 0)
  context.progress({ phase: 'copy', done, total: totalRows(plan), what: table.name })
  await breathe()
  check()
  context.signal?.throwIfAborted()
}

export const totalRows = ({ known, unknown }: Plan): number =>
  [...known, ...unknown].reduce((sum: number, { rows }: PlannedTable) => sum + rows, 0)

function marksOf({ targets, plan }: Load): Record<string, string> {
  const marks: Record<string, string> = {}
  for (const [file, table] of loadedTables(plan)) {
    const connection = targets[file]
    const rowid = connection && rowidOf(connection, table)
    if (!rowid) continue
    const highest = connection
      .prepare(`select max(${rowid}) from ${quote(table)}`)
      .safeIntegers()
      .pluck()
      .get()
    if (typeof highest === 'bigint') marks[`${file}.${table}`] = String(highest)
  }
  return marks
}

/** Takes away what was committed after the last checkpoint, and all of an unknown table that was not finished. */
function takeBack({ targets, plan }: Load, { marks, tables }: Journal): void {
  for (const [file, table] of loadedTables(plan)) {
    const connection = targets[file]
    const rowid = connection && rowidOf(connection, table)
    const mark = BigInt(marks[`${file}.${table}`] ?? 0)
    if (rowid) connection.prepare(`delete from ${quote(table)} where ${rowid} > ?`).run(mark)
  }
  for (const { table } of [...plan.known, ...plan.unknown]) {
    const isPartial = tables[table.name]?.done !== true
    if (isPartial && !table.legacy)
      unguarded(targets.unassigned)
        .prepare(`delete from ${quote(table.name)}`)
        .run()
  }
}

/** An unknown table as it is, its rowids included where nothing else tells its rows apart. */
function unknownWriter(unassigned: Connection | undefined, table: FoundTable): WriteRow {
  const columns = carriedColumns(table).map(({ name }) => name)
  const connection = unguarded(unassigned)
  if (table.rowid === undefined) {
    const insert = typedInsert(connection, table.name, columns)
    return (row) => insert(row.slice(1))
  }
  return typedInsert(connection, table.name, columns, [table.rowid])
}

/** better-sqlite3 guards the insides of virtual tables against writes; carrying them whole is the purpose here. */
function unguarded(connection: Connection | undefined): Connection {
  if (!connection) throw new Error('There is no file for unknown tables')
  return connection.unsafeMode(true)
}
