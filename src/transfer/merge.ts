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
import { DOMAINS, type Domain } from '../database/domains.ts'
import { syncFolder } from '../database/durable.ts'
import { FileError } from '../errors.ts'
import type { Phase, TransferContext } from './context.ts'
import { inspect, type LegacyLayout, type SchemaEntry } from './inspect.ts'
import { readSchema } from './legacy-schema.ts'
import { requireDomain, requireFiles, requireNothingAt } from './merge-checks.ts'
import { loadTable, rowsOf, tablesWithRows } from './merge-rows.ts'
import { createRest, createTables, type Layout, prefixTables } from './merged-schema.ts'
import { keepNurserySmall } from './nursery.ts'
import { closeFiles, openFiles, type SideProof } from './proof.ts'
import { startProof } from './proof-threads.ts'
import { applicationOf, type Durations, type MergeReport, provedPairs, requireEqual } from './report.ts'
import { copySnapshot } from './snapshot.ts'
import { UNASSIGNED } from './target-files.ts'
import { understood } from './transfer-errors.ts'
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

/**
 * Throws FileError where a file is missing, damaged, of another domain or not migrated, ConflictError where something is at
 * the target, UnavailableError where a disk is full. Leaves nothing behind then.
 */
export async function merge(options: MergeOptions): Promise<MergeReport> {
  requireFiles(options.from)
  requireNothingAt(options.into)
  const work = openWorkFolder(options.into, 'merge')
  try {
    keepNurserySmall()
    work.clear()
    mkdirSync(work.result, { mode: 0o700 })
    return await new Merge(options, work).run()
  } catch (error) {
    const { signal } = options.context
    throw signal?.aborted ? signal.reason : understood(error, options.into)
  } finally {
    work.close(true)
  }
}

class Merge {
  readonly #options: MergeOptions
  readonly #work: WorkFolder
  readonly #path: string
  readonly #durations: Durations = {}
  #rows = 0

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
    this.#rows = total
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
      context.progress({ phase: 'verify', done, total: 2 * this.#rows }) // The files, and the one that was made of them.
    }
    const proofs = [
      startProof({ ...task, side: 'files', paths }, this.#options.from, progress),
      startProof({ ...task, side: 'legacy', path: this.#path, name: into }, into, progress),
    ]
    try {
      const [files, legacy] = (await Promise.all(proofs.map(({ proof }) => proof))) as [SideProof, SideProof]
      const proved = provedPairs(tables, legacy.tables, files.tables)
      requireEqual(proved)
      context.signal?.throwIfAborted()
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

function openMerged(path: string, isNew: boolean): Connection {
  if (isNew) closeSync(openSync(path, 'wx', 0o600))
  const connection = new Database(path, { fileMustExist: true })
  connection.pragma('synchronous = OFF')
  connection.pragma('foreign_keys = OFF')
  connection.pragma('ignore_check_constraints = ON')
  connection.pragma('trusted_schema = OFF')
  connection.pragma('cache_size = -8192')
  return connection
}
