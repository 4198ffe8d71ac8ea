// identity.db, billing.db and admin.db (and unassigned.db) → one file in the layout that they came from.
//
//   read     one moment of each file is copied into a hidden work folder beside the target; the server may run on
//   plan     the tables of the unified database, by its own DDL where split kept it
//   copy     rows by merge's rules (restore.ts), then indexes, views and triggers
//   verify   row counts and checksums of what the rules read against the merged file as it lies there; integrity
//   publish  the file is synced and given its name, never over another
import { chmodSync, closeSync, existsSync, fsyncSync, linkSync, mkdirSync, openSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { setImmediate as breathe } from 'node:timers/promises'
import Database from 'better-sqlite3'
import { pathInFolder } from '../config.ts'
import type { Connection } from '../database/connections.ts'
import { DOMAINS, type Domain, FILES, nameOfApplicationId } from '../database/domains.ts'
import { migrationState } from '../database/migrations.ts'
import { ConflictError, FileError } from '../errors.ts'
import type { Cell, TextEncoding } from './cells.ts'
import type { Phase, TransferContext } from './context.ts'
import { syncFolder } from './durable.ts'
import { carriedColumns, type FoundTable, inspect, type LegacyLayout, readable, type SchemaEntry } from './inspect.ts'
import { readSchema } from './legacy-schema.ts'
import { createRest, createTables, type Layout, prefixTables } from './merged-schema.ts'
import { closeFiles, openFiles, type SideProof } from './proof.ts'
import { startProof } from './proof-threads.ts'
import { readRows } from './read-rows.ts'
import { applicationOf, type Durations, type MergeReport, provedPairs, requireEqual } from './report.ts'
import { type RestoreFiles, restoredRows } from './restore.ts'
import { copySnapshot } from './snapshot.ts'
import { UNASSIGNED } from './target-files.ts'
import { instantOf, millisecondsOf } from './times.ts'
import { understood } from './transfer-errors.ts'
import { typedInsert } from './typed-insert.ts'
import { openWorkFolder, type WorkFolder } from './work-folder.ts'

export type { Phase, ProgressEvent, TransferContext } from './context.ts'
export type { MergeReport } from './report.ts'

export interface MergeOptions {
  /** Folder of the new files. */
  readonly from: string
  /** Path of the file to write; nothing may be there. */
  readonly into: string
  /** `prefixed` names tables `auth_User`, `billing_Subscription`, `admin_Voucher` …; `single` as they were. */
  readonly layout?: Layout
  readonly context: TransferContext
}

type Paths = Readonly<Record<Domain, string>> & { readonly unassigned?: string }

const BATCH_ROWS = 20_000

/**
 * Throws FileError where a file is missing, damaged, of another domain or not migrated, ConflictError where something is at
 * the target, UnavailableError where a disk is full. Leaves nothing behind then.
 */
export async function merge(options: MergeOptions): Promise<MergeReport> {
  requireFiles(options.from)
  requireNothingAt(options.into)
  const work = openWorkFolder(options.into, 'merge')
  try {
    work.clear()
    mkdirSync(work.result, { mode: 0o700 })
    return await new Merge(options, work).run()
  } catch (error) {
    throw understood(error, options.into)
  } finally {
    work.close(true)
  }
}

class Merge {
  readonly #options: MergeOptions
  readonly #work: WorkFolder
  readonly #path: string
  readonly #durations: Durations = {}

  constructor(options: MergeOptions, work: WorkFolder) {
    this.#options = options
    this.#work = work
    this.#path = join(work.result, 'merged.db')
  }

  async run(): Promise<MergeReport> {
    const { from, into, layout = 'single', context } = this.#options
    const startedAt = context.now().toISOString()
    const paths = await this.#timed('read', () => this.#copyFiles())
    const { schema, addedColumns, found } = await this.#timed('plan', () => this.#plan(paths))
    await this.#timed('copy', () => this.#load(paths, schema, found))
    const tables = await this.#timed('verify', () => this.#verify(paths, found))
    const leftOut = await this.#timed('publish', () => this.#publish(layout))
    return {
      kind: 'merge',
      application: applicationOf(),
      from,
      into,
      layout,
      startedAt,
      finishedAt: context.now().toISOString(),
      durations: this.#durations,
      tables,
      addedColumns,
      leftOut,
      files: [{ file: into, bytes: statSync(into).size }],
    }
  }

  async #copyFiles(): Promise<Paths> {
    const { from, context } = this.#options
    const names = [...DOMAINS, ...(existsSync(pathInFolder(from, UNASSIGNED)) ? [UNASSIGNED] : [])]
    const copied: Record<string, string> = {}
    for (const name of names) {
      const path = join(this.#work.result, `${name}.db`)
      await copySnapshot(pathInFolder(from, name), path, context)
      copied[name] = path
    }
    const paths = copied as Record<Domain, string> & { unassigned?: string }
    for (const domain of DOMAINS) requireDomain(domain, paths[domain], pathInFolder(from, domain))
    return paths
  }

  #plan(paths: Paths): { schema: readonly SchemaEntry[]; addedColumns: string[]; found: LegacyLayout } {
    const { context } = this.#options
    context.progress({ phase: 'plan', done: 0, total: 1 })
    const files = openFiles(paths, 'UTF-8')
    const merged = openMerged(this.#path, true)
    try {
      const schema = readSchema(files.identity)
      const addedColumns = createTables(merged, schema, files)
      context.progress({ phase: 'plan', done: 1, total: 1 })
      return { schema, addedColumns, found: inspect(merged) }
    } finally {
      merged.close()
      closeFiles(files)
    }
  }

  async #load(paths: Paths, schema: readonly SchemaEntry[], { tables, encoding }: LegacyLayout): Promise<void> {
    const files = openFiles(paths, encoding)
    const merged = openMerged(this.#path, false)
    const filled = tablesWithRows(tables)
    const total = filled.reduce((sum, table) => sum + rowsOf(files, table), 0)
    let done = 0
    const step = async (rows: number, what: string) => {
      done += rows
      this.#options.context.progress({ phase: 'copy', done, total, what })
      await breathe()
      this.#options.context.signal?.throwIfAborted()
    }
    try {
      for (const table of filled) await loadTable(merged, files, table, encoding, step)
      createRest(merged, schema)
    } finally {
      merged.close()
      closeFiles(files)
    }
  }

  async #verify(paths: Paths, { tables: all, encoding }: LegacyLayout): Promise<MergeReport['tables']> {
    const { context, into } = this.#options
    const tables = tablesWithRows(all)
    const task = { encoding, tables, known: tables.filter(({ legacy }) => legacy !== undefined) }
    let done = 0
    const progress = (rows: number) => {
      done += rows
      context.progress({ phase: 'verify', done, total: done })
    }
    const proofs = [
      startProof({ ...task, side: 'files', paths }, this.#options.from, progress),
      startProof({ ...task, side: 'legacy', path: this.#path, name: into }, into, progress),
    ]
    try {
      const [files, legacy] = (await Promise.all(proofs.map(({ proof }) => proof))) as [SideProof, SideProof]
      const proved = provedPairs(tables, legacy.tables, files.tables)
      requireEqual(proved)
      return proved
    } finally {
      await Promise.all(proofs.map((proof) => proof.stop()))
    }
  }

  #publish(layout: Layout): string[] {
    const { context } = this.#options
    context.progress({ phase: 'publish', done: 0, total: 1 })
    const merged = openMerged(this.#path, false)
    let leftOut: string[] = []
    try {
      if (layout === 'prefixed') leftOut = prefixTables(merged)
      const found = merged.pragma('integrity_check(1)', { simple: true })
      if (found !== 'ok') throw new FileError(`The merged file is damaged: ${String(found)}. Nothing was published.`)
      merged.pragma('synchronous = FULL')
      merged.pragma('journal_mode = DELETE')
    } finally {
      merged.close()
    }
    this.#giveName()
    context.progress({ phase: 'publish', done: 1, total: 1 })
    return leftOut
  }

  /** A second name instead of a rename: it fails where something has come to be at the target meanwhile. */
  #giveName(): void {
    chmodSync(this.#path, 0o600)
    const file = openSync(this.#path, 'r+')
    fsyncSync(file)
    closeSync(file)
    linkSync(this.#path, this.#options.into)
    syncFolder(dirname(resolve(this.#options.into)))
  }

  async #timed<T>(phase: Phase, work: () => T | Promise<T>): Promise<T> {
    const begun = performance.now()
    const result = await work()
    this.#durations[phase] = Math.round(performance.now() - begun)
    return result
  }
}

/** Virtual tables and views are functions of other tables. */
const tablesWithRows = (tables: readonly FoundTable[]): FoundTable[] =>
  tables.filter(({ kind }) => kind === 'table' || kind === 'shadow')

function rowsOf(files: RestoreFiles, table: FoundTable): number {
  const place = carriedColumns(table).find(({ place: known }) => known && !known.moved)?.place
  const connection = place ? files[place.model.domain] : files.unassigned
  const name = (place?.model.name ?? table.name).replaceAll('"', '""')
  return connection?.prepare(`select count(*) from "${name}"`).pluck().get() as number
}

async function loadTable(
  merged: Connection,
  files: RestoreFiles,
  table: FoundTable,
  encoding: TextEncoding,
  step: (rows: number, what: string) => Promise<void>,
): Promise<void> {
  const write = table.legacy === undefined ? unknownWriter(merged, table) : knownWriter(merged, table)
  const rows = table.legacy === undefined ? unknownRows(files, table, encoding) : restoredRows(files, table)
  merged.exec('begin')
  let written = 0
  for (const row of rows) {
    write(row)
    written += 1
    if (written % BATCH_ROWS === 0) await step(BATCH_ROWS, table.name)
  }
  merged.exec('commit')
  await step(written % BATCH_ROWS, table.name)
}

function unknownRows(files: RestoreFiles, table: FoundTable, encoding: TextEncoding): Iterable<Cell[]> {
  if (!files.unassigned) {
    throw new FileError(`unassigned.db is missing: the unified database had the table ${table.name}`, {
      hint: 'Put unassigned.db back beside the other files, or restore it from a backup.',
    })
  }
  return readRows(files.unassigned, readable(table), encoding)
}

/** The insides of virtual tables were made with them: what stands there goes first. */
function unknownWriter(merged: Connection, table: FoundTable): (row: readonly Cell[]) => void {
  const columns = readable(table).columns
  merged.unsafeMode(true)
  if (table.kind === 'shadow') merged.exec(`delete from "${table.name.replaceAll('"', '""')}"`)
  if (table.rowid !== undefined) return typedInsert(merged, table.name, columns, [table.rowid])
  const insert = typedInsert(merged, table.name, columns)
  return (row) => insert(row.slice(1))
}

function knownWriter(merged: Connection, table: FoundTable): (row: readonly Cell[]) => void {
  const columns = carriedColumns(table)
  const written = columns.map((column, at) => ({ ...column, at })).filter(({ generated }) => !generated)
  const insert = typedInsert(
    merged,
    table.name,
    written.map(({ name }) => name),
  )
  // Times that the table itself declares as numbers: milliseconds, as Prisma 5 wrote them.
  const asNumber = written.map(({ place, declared }) => place?.column.type === 'time' && /int/i.test(declared))
  return (row) =>
    insert(written.map(({ at }, index) => (asNumber[index] ? numeric(row[at] as Cell) : (row[at] as Cell))))
}

function numeric(cell: Cell): Cell {
  const instant = typeof cell === 'string' ? instantOf(cell) : undefined
  return instant === undefined ? cell : millisecondsOf(instant)
}

function openMerged(path: string, isNew: boolean): Connection {
  if (isNew) closeSync(openSync(path, 'wx', 0o600))
  const connection = new Database(path, { fileMustExist: true })
  connection.pragma('synchronous = OFF')
  connection.pragma('foreign_keys = OFF')
  connection.pragma('ignore_check_constraints = ON')
  connection.pragma('trusted_schema = OFF')
  connection.pragma('cache_size = -16384')
  return connection
}

function requireFiles(from: string): void {
  for (const domain of DOMAINS) {
    const path = pathInFolder(from, domain)
    if (existsSync(path)) continue
    throw new FileError(`${domain}.db is missing: nothing is at ${path}`, {
      hint: 'Name the folder that split wrote, or restore the file from a backup.',
    })
  }
}

function requireNothingAt(into: string): void {
  const taken = ['', '-wal', '-journal'].map((suffix) => into + suffix).find((path) => existsSync(path))
  if (taken === undefined) return
  throw new ConflictError(`Something is at ${taken}: merge writes over nothing`, {
    hint: 'Name a file that does not exist yet, or move that one away.',
  })
}

function requireDomain(domain: Domain, copy: string, path: string): void {
  const connection = new Database(copy, { readonly: true })
  try {
    const found = connection.pragma('application_id', { simple: true }) as number
    if (found !== FILES[domain].applicationId) {
      const expected = nameOfApplicationId(FILES[domain].applicationId)
      throw new FileError(`${path} is ${nameOfApplicationId(found)}, expected ${expected}`, {
        hint: 'Put each file into the folder of its own name.',
      })
    }
    const { pending } = migrationState(domain, connection)
    if (pending.length === 0) return
    throw new FileError(`${domain}.db at ${path} lacks the migrations ${pending.join(', ')}`, {
      hint: 'Run "npm run db -- migrate deploy" and repeat the merge.',
    })
  } finally {
    connection.close()
  }
}
