// The unified database → identity.db, billing.db and admin.db (and unassigned.db for what the catalog does not know).
//
//   read     the committed content of the input is copied into a hidden work folder beside the target (snapshot.ts)
//   plan     what is to be moved, and every reason why it cannot be (plan.ts)
//   copy     row by row through the rules into new files in the work folder (copy.ts, rules.ts)
//   verify   row counts and checksums: the snapshot against what merge's rules read back from the new files (proof.ts)
//   publish  the finished folder is synced and renamed to the target: whole or not at all
//
// A run that is killed leaves its work folder, and the next one with the same arguments goes on from its journal; a run
// that fails takes it away. The input is never written to.
import { existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pathInFolder } from '../config.ts'
import type { Connection } from '../database/connections.ts'
import { DOMAINS } from '../database/domains.ts'
import { publish, syncTree, writeWhole } from '../database/durable.ts'
import { ConflictError, UsageError } from '../errors.ts'
import type { Phase, TransferContext } from './context.ts'
import { load, totalRows } from './copy.ts'
import { noCounts } from './counts.ts'
import { checkLegacyFile, fingerprint, isDamage, legacyError } from './legacy-file.ts'
import { keepNurserySmall } from './nursery.ts'
import { makePlan, type Plan } from './plan.ts'
import type { ProofTask, SideProof } from './proof.ts'
import { type RunningProof, shareTables, startProof } from './proof-threads.ts'
import {
  applicationOf,
  countKept,
  type Durations,
  fileSizes,
  provedLinks,
  provedTables,
  requireEqual,
  type SplitReport,
  unassignedOf,
} from './report.ts'
import { copySnapshot, openQuiet } from './snapshot.ts'
import {
  closeTargets,
  createTargets,
  needsUnassigned,
  openTargets,
  removeLogs,
  sealTargets,
  UNASSIGNED,
} from './target-files.ts'
import { understood } from './transfer-errors.ts'
import { basisOf, type Journal, openWorkFolder, type WorkFolder } from './work-folder.ts'

export type { Phase, ProgressEvent, TransferContext } from './context.ts'
export type { SplitReport } from './report.ts'

export interface SplitOptions {
  /** Path of the unified database. */
  readonly legacy: string
  /** Folder for the new files: missing or empty. */
  readonly into: string
  /** Does everything but publish, and leaves nothing. */
  readonly dryRun?: boolean
  /** What to do with unknown tables and columns; `carry` by default. */
  readonly unassigned?: 'carry' | 'refuse'
  readonly context: TransferContext
}

export const REPORT_FILE = 'split-report.json'
const VERIFY_THREADS = 2

/**
 * Throws UsageError where a path is wrong, ConflictError where the target holds something, unknown parts are refused or
 * another split is at work, FileError where the input is damaged or cannot be moved, UnavailableError where a disk is full.
 */
export async function split(options: SplitOptions): Promise<SplitReport> {
  checkLegacyFile(options.legacy)
  const purpose = options.dryRun ? 'rehearsal' : 'split'
  const finished = options.dryRun ? undefined : publishedReport(options)
  if (finished) return finished
  requireFreeTarget(options.into)
  const work = openWorkFolder(options.into, purpose)
  let keep = false
  try {
    keepNurserySmall()
    return await new Run(options, work).run()
  } catch (error) {
    // Work that a person stopped is gone on with; work that failed would fail again.
    const { signal } = options.context
    keep = signal?.aborted === true && !options.dryRun
    if (signal?.aborted) throw signal.reason
    throw understood(isDamage(error) ? legacyError(error, options.legacy) : error, options.into)
  } finally {
    work.close(!keep)
  }
}

/** The report of a run that was killed between its last step, the rename, and its end. */
function publishedReport({ into }: SplitOptions): SplitReport | undefined {
  if (!existsSync(join(into, REPORT_FILE))) return undefined
  const work = openWorkFolder(into, 'split')
  const isOurs = work.readJournal()?.proved === true
  work.close(true)
  if (!isOurs) return undefined
  return { ...(JSON.parse(readFileSync(join(into, REPORT_FILE), 'utf8')) as SplitReport), begun: 'published' }
}

function requireFreeTarget(into: string): void {
  if (!existsSync(into)) return
  if (!statSync(into).isDirectory()) {
    throw new UsageError(`${into} is a file, expected a folder for the new files`, {
      hint: 'Name a folder that does not exist yet.',
    })
  }
  const [first, ...others] = readdirSync(into)
  if (first === undefined) return
  const what = others.length > 0 ? `${first} and ${others.length} more` : first
  throw new ConflictError(`${into} is not empty (${what}): split writes nothing into or over an existing target`, {
    hint: 'Name a folder that does not exist yet, or move what is there away.',
  })
}

class Run {
  readonly #options: SplitOptions
  readonly #work: WorkFolder
  readonly #durations: Durations = {}
  #begun: SplitReport['begun'] = 'first'

  constructor(options: SplitOptions, work: WorkFolder) {
    this.#options = options
    this.#work = work
  }

  async run(): Promise<SplitReport> {
    const { legacy, unassigned = 'carry', context } = this.#options
    const startedAt = context.now().toISOString()
    const basis = basisOf({ path: resolve(legacy), fingerprint: fingerprint(legacy), unassigned, ...applicationOf() })
    const journal = await this.#timed('read', () => this.#snapshot(basis))
    if (journal?.proved) return this.#publish()
    const snapshot = openQuiet(this.#work.snapshot)
    try {
      const plan = await this.#timed('plan', () => this.#plan(snapshot, unassigned))
      const report = await this.#move(snapshot, plan, journal ?? this.#begin(plan, basis, startedAt))
      snapshot.close()
      return this.#options.dryRun ? report : this.#publish()
    } finally {
      snapshot.close()
    }
  }

  /** The journal of work that can be gone on with; undefined after a fresh snapshot. */
  async #snapshot(basis: string): Promise<Journal | undefined> {
    const { legacy, context } = this.#options
    const journal = this.#work.readJournal()
    if (journal?.basis === basis) {
      this.#begun = 'resumed'
      return journal
    }
    if (journal || existsSync(this.#work.snapshot)) this.#begun = 'anew'
    this.#work.clear()
    await copySnapshot(legacy, this.#work.snapshot, context)
    return undefined
  }

  #plan(snapshot: Connection, unassigned: 'carry' | 'refuse'): Plan {
    const { context, legacy } = this.#options
    context.progress({ phase: 'plan', done: 0, total: 1 })
    const plan = makePlan(snapshot, legacy, unassigned)
    context.progress({ phase: 'plan', done: 1, total: 1 })
    return plan
  }

  #begin(plan: Plan, basis: string, startedAt: string): Journal {
    const { result, scratch } = this.#work
    const indexes = createTargets(result, scratch, plan)
    const journal: Journal = { basis, startedAt, indexes, tables: {}, marks: {}, counts: noCounts(), proved: false }
    this.#work.writeJournal(journal)
    return journal
  }

  async #move(snapshot: Connection, plan: Plan, begun: Journal): Promise<SplitReport> {
    const { context, legacy } = this.#options
    const before = startProof(this.#legacyTask(plan), legacy, () => undefined)
    try {
      const journal = await this.#timed('copy', () => this.#load(snapshot, plan, begun, before))
      const [legacySide, filesSide] = await this.#timed('verify', () => this.#verify(plan, before))
      const report = this.#report(plan, journal, legacySide, filesSide)
      requireEqual(report.tables)
      context.signal?.throwIfAborted()
      writeWhole(join(this.#work.result, REPORT_FILE), `${JSON.stringify(report, null, 2)}\n`)
      removeLogs(this.#work.result, plan)
      syncTree(this.#work.result)
      this.#work.writeJournal({ ...journal, proved: true })
      return report
    } finally {
      await before.stop()
    }
  }

  #legacyTask({ layout, known, unknown }: Plan): ProofTask {
    const tables = [...known, ...unknown].map(({ table }) => table)
    const names = { side: 'legacy' as const, path: this.#work.snapshot, name: this.#options.legacy }
    return { ...names, encoding: layout.encoding, tables, known: known.map(({ table }) => table) }
  }

  async #load(snapshot: Connection, plan: Plan, begun: Journal, before: RunningProof): Promise<Journal> {
    const { context } = this.#options
    const targets = openTargets(this.#work.result, this.#work.scratch, plan)
    try {
      const check = () => before.check()
      const journal = await load({ snapshot, targets, plan, work: this.#work, context, check }, begun)
      sealTargets(this.#work.result, targets)
      return journal
    } finally {
      closeTargets(targets)
    }
  }

  /** Both sides; the files on two threads at once. */
  async #verify(plan: Plan, before: RunningProof): Promise<[SideProof, SideProof]> {
    const { context, legacy } = this.#options
    const total = totalRows(plan)
    let done = 0
    const progress = (rows: number) => {
      done += rows
      context.progress({ phase: 'verify', done, total })
    }
    progress(0)
    const legacySide = await before.proof
    const shares = shareTables([...plan.known, ...plan.unknown], VERIFY_THREADS)
    const proofs = shares.map((share) => startProof(this.#filesTask(plan, share), legacy, progress))
    const stop = () => void Promise.all(proofs.map((proof) => proof.stop()))
    context.signal?.addEventListener('abort', stop, { once: true })
    try {
      const sides = await Promise.all(proofs.map(({ proof }) => proof))
      return [
        legacySide,
        { tables: sides.flatMap(({ tables }) => tables), orphans: sides.flatMap(({ orphans }) => orphans) },
      ]
    } finally {
      context.signal?.removeEventListener('abort', stop)
      await Promise.all(proofs.map((proof) => proof.stop()))
    }
  }

  #filesTask(plan: Plan, share: Plan['known']): ProofTask {
    const [identity, billing, admin] = DOMAINS.map((domain) => pathInFolder(this.#work.result, domain)) as [
      string,
      string,
      string,
    ]
    const unassigned = needsUnassigned(plan) ? { unassigned: pathInFolder(this.#work.result, UNASSIGNED) } : {}
    const names = { side: 'files' as const, paths: { identity, billing, admin, ...unassigned } }
    const known = plan.known.map(({ table }) => table)
    return { ...names, encoding: plan.layout.encoding, tables: share.map(({ table }) => table), known }
  }

  #report(plan: Plan, { counts, startedAt }: Journal, legacySide: SideProof, filesSide: SideProof): SplitReport {
    const { legacy, into, dryRun = false, context } = this.#options
    const identity = openQuiet(pathInFolder(this.#work.result, 'identity'))
    const kept = countKept(identity)
    identity.close()
    return {
      kind: 'split',
      application: applicationOf(),
      legacy: { path: legacy, bytes: statSync(this.#work.snapshot).size, encoding: plan.layout.encoding },
      into,
      dryRun,
      begun: this.#begun,
      startedAt,
      finishedAt: context.now().toISOString(),
      durations: { ...this.#durations },
      tables: provedTables(plan, legacySide.tables, filesSide.tables),
      orphans: provedLinks(legacySide, filesSide, counts.subjects),
      ...counts,
      ...kept,
      missingTables: plan.missing,
      unassigned: unassignedOf(plan),
      files: fileSizes(this.#work.result, plan),
    }
  }

  /** The one step that makes anything visible. The copy of the input goes first, so that nothing of it stays behind. */
  #publish(): SplitReport {
    const { into, context } = this.#options
    context.progress({ phase: 'publish', done: 0, total: 1 })
    const report = JSON.parse(readFileSync(join(this.#work.result, REPORT_FILE), 'utf8')) as SplitReport
    for (const path of [this.#work.snapshot, this.#work.scratch]) rmSync(path, { force: true })
    publish(this.#work.result, resolve(into))
    context.progress({ phase: 'publish', done: 1, total: 1 })
    return { ...report, begun: this.#begun }
  }

  async #timed<T>(phase: Phase, work: () => T | Promise<T>): Promise<T> {
    const begun = performance.now()
    const result = await work()
    this.#durations[phase] = Math.round(performance.now() - begun)
    return result
  }
}
