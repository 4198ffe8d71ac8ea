// One file from a backup, while the others stay as they are: fetched beside, checked, made to fit the others, put in place by
// a rename. Up to the journal nothing but the hidden folder changes; from there on the way leads forward, also after a kill.
import { closeSync, existsSync, fsyncSync, openSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { beginningOf } from '../../database/chain.ts'
import { chainEndOf } from '../../database/chain-heads.ts'
import { type Connection, openReader, openWriter } from '../../database/connections.ts'
import type { Domain } from '../../database/domains.ts'
import { migrate } from '../../database/migrations.ts'
import { type Rows, rowsOver, type Tx } from '../../database/rows.ts'
import { ConflictError, FileError } from '../../errors.ts'
import { checkDatabase } from '../backup/check-database.ts'
import { understood } from '../backup/failures.ts'
import { fetchBackup } from '../backup/fetch.ts'
import type { BackupPolicy } from '../backup/policy.ts'
import type { Manifest, OnProgress } from '../backup/types.ts'
import type { Readers } from '../check/view.ts'
import type { Purged } from '../purge/purge.ts'
import { purgeWithin } from '../purge/purge-within.ts'
import { chooseBackup, type Wanted } from './choose.ts'
import { type Dangling, danglingLinks, openSiblings, type Paths, readable } from './dangling.ts'
import { type Erasures, replayErasures } from './erasures.ts'
import { requireFree } from './hold.ts'
import { lossesOf, type TableLoss } from './losses.ts'
import type { Reconciled } from './marks.ts'
import { reconcile } from './reconcile.ts'
import { goForward, type Reached } from './swap.ts'
import { type Journal, openWork, type Work } from './work.ts'

export interface RestoreOptions {
  readonly policy: BackupPolicy
  readonly wanted: Wanted
  readonly paths: Paths
  /** Tells everything, and changes no file. */
  readonly dryRun: boolean
  readonly sources: { readonly now: () => Date; readonly newId: () => string }
  readonly signal?: AbortSignal | undefined
  readonly progress?: OnProgress | undefined
  readonly reached?: Reached
}

export interface RestoreReport {
  readonly domain: Domain
  readonly dryRun: boolean
  readonly backup: Pick<Manifest, 'id' | 'takenAt' | 'rows'>
  /** Of the live file before: what it says was compared where it could be read. */
  readonly live: 'compared' | 'missing' | 'unreadable'
  /** Tables in which the live file and the backup differ; empty where the live file was not compared. */
  readonly losses: readonly TableLoss[]
  /** Migrations that the backup lacked and the restored file has. */
  readonly migrated: readonly string[]
  readonly erasures: Erasures
  readonly reconciled: Reconciled
  /** Rows that the backup brought back though they were kept for as long as the schema says: gone again. */
  readonly purged: readonly Purged[]
  /** Other files that could not be read: nothing was reconciled with them. */
  readonly closed: readonly Domain[]
  /** Links that dangle afterwards. */
  readonly dangling: readonly Dangling[]
  /** Where the old file lies now; null where there was none, or in a dry run. */
  readonly kept: string | null
}

/**
 * Throws NotFoundError without such a backup, FileError where it is not what its manifest says, ConflictError where somebody
 * has the live file open or restores it already, UsageError without its key, UnavailableError where the disk is full.
 */
export async function restore(options: RestoreOptions): Promise<RestoreReport> {
  const { policy, paths, dryRun, sources, reached = () => {} } = options
  const { domain } = policy
  const live = paths[domain]
  const { manifest } = await chooseBackup(policy, options.wanted)
  using work = openWork(domain, paths)
  endEarlier(work, options)
  try {
    if (!dryRun && existsSync(live)) requireFree(domain, live)
    await fetchChecked(options, manifest, work.copy)
    reached('checked')
    const chain = chainOf(domain, work.copy, sources.now())
    const made = await makeSuccessor(options, manifest, work.copy)
    reached('prepared')
    if (dryRun) return { ...made, kept: null }
    const kept = `${live}.before-restore-${sources
      .now()
      .toISOString()
      .replace(/[-:]|\.\d+/g, '')}`
    const had = [live, `${live}-wal`].some((path) => existsSync(path))
    work.writeJournal({ version: 1, domain, backupId: manifest.id, kept, sends: [...made.reconciled.sends], chain })
    reached('journal')
    goForward(journalOf(work), work, paths, sources.now(), reached)
    return { ...made, dangling: await danglingNow(domain, paths), kept: had ? kept : null }
  } catch (error) {
    const isSwapped = !existsSync(work.copy) && work.readJournal() !== undefined
    // Whoever has the file now may write to it: a later start must not put the successor in its place.
    if (!isSwapped) work.clear()
    throw understood(error, dirname(live), isSwapped ? 'after the swap' : 'restore')
  } finally {
    if (!work.readJournal()) work.clear()
  }
}

const journalOf = (work: Work) => work.readJournal() as NonNullable<ReturnType<Work['readJournal']>>

/** Of the logs as the backup has them: what is reconciled later goes on from there. */
function chainOf(domain: Domain, copy: string, now: Date): NonNullable<Journal['chain']> {
  const { position, hash } = withReader(domain, copy, chainEndOf) ?? { position: 0, hash: beginningOf(domain) }
  return { position, hash: hash.toString('hex'), at: now.toISOString() }
}

/** One that was killed when its successor was ready goes to its end first. */
function endEarlier(work: Work, { policy: { domain }, paths, dryRun, sources }: RestoreOptions): void {
  const journal = work.readJournal()
  if (journal && dryRun)
    throw new ConflictError(`An earlier restore of ${domain}.db was cut off and is not over`, {
      hint: 'The next start of the server ends it, and so does a restore without --dry-run.',
    })
  if (journal) goForward(journal, work, paths, sources.now())
  work.clear()
}

async function fetchChecked(
  { policy, paths, signal, progress }: RestoreOptions,
  manifest: Manifest,
  target: string,
): Promise<void> {
  const where = dirname(paths[policy.domain])
  await fetchBackup({ policy, manifest, target, purpose: 'restore', where, signal, progress })
  const findings = await checkDatabase(target, manifest, signal)
  if (findings.length === 0) return
  throw new FileError(`${manifest.id} is not what its manifest says: ${findings.slice(0, 3).join('; ')}`, {
    hint: 'Nothing was changed. Take another backup: see "gogga backup list".',
  })
}

async function makeSuccessor(
  { policy: { domain }, paths, dryRun, sources }: RestoreOptions,
  { id, takenAt, rows }: Manifest,
  copy: string,
): Promise<Omit<RestoreReport, 'kept'>> {
  using siblings = openSiblings(domain, paths)
  const migrated = migrate(domain, copy)
  const old = openOld(domain, paths[domain])
  try {
    const losses = old ? withReader(domain, copy, (reader) => lossesOf(domain, old, reader)) : []
    const fitted = adapt(domain, copy, { old, siblings: siblings.readers, takenAt: new Date(takenAt), sources })
    syncFile(copy)
    const dangling = await danglingOf(domain, copy, siblings.readers)
    const live = old ? 'compared' : existsSync(paths[domain]) ? 'unreadable' : 'missing'
    const facts = { domain, dryRun, backup: { id, takenAt, rows }, live, losses, migrated } as const
    return { ...facts, ...fitted, closed: siblings.closed, dangling }
  } finally {
    old?.close()
  }
}

/** Undefined where it is missing or damaged: then nothing in it is believed. */
function openOld(domain: Domain, path: string): Connection | undefined {
  const reader = readable(domain, path)
  if (!reader) return undefined
  try {
    if (reader.pragma('quick_check(1)', { simple: true }) === 'ok') return reader
  } catch {}
  reader.close()
  return undefined
}

interface Beside {
  readonly old: Connection | undefined
  readonly siblings: Readers
  readonly takenAt: Date
  readonly sources: RestoreOptions['sources']
}

function adapt(domain: Domain, copy: string, { old, siblings, takenAt, sources }: Beside) {
  const writer = openWriter(domain, copy)
  try {
    const tx = rowsOver(domain, writer) as unknown as Tx
    const before = old && (rowsOver(domain, old) as unknown as Rows<Domain>)
    const [identity, billing, admin] = [
      siblings.identity && rowsOver('identity', siblings.identity),
      siblings.billing && rowsOver('billing', siblings.billing),
      siblings.admin && rowsOver('admin', siblings.admin),
    ]
    const others = [before, identity, billing, admin].filter((rows) => rows !== undefined) as unknown as Rows<Domain>[]
    return writer.transaction(() => {
      const erasures = replayErasures(tx, others)
      const reconciled = reconcile({ tx, old: before, identity, billing, admin, takenAt, sources })
      // Last, since what is reconciled may be old as well.
      return { erasures, reconciled, purged: purgeWithin(tx, sources.now()) }
    })()
  } finally {
    writer.close() // The last connection: the log goes into the file.
  }
}

function withReader<T>(domain: Domain, path: string, work: (reader: Connection) => T): T {
  const reader = openReader(domain, path)
  try {
    return work(reader)
  } finally {
    reader.close()
  }
}

async function danglingOf(domain: Domain, path: string, siblings: Readers): Promise<readonly Dangling[]> {
  const reader = openReader(domain, path)
  try {
    return await danglingLinks(domain, { ...siblings, [domain]: reader })
  } finally {
    reader.close()
  }
}

async function danglingNow(domain: Domain, paths: Paths): Promise<readonly Dangling[]> {
  using siblings = openSiblings(domain, paths)
  return await danglingOf(domain, paths[domain], siblings.readers)
}

function syncFile(path: string): void {
  const log = statSync(`${path}-wal`, { throwIfNoEntry: false })
  if (log && log.size > 0) throw new Error('The restored file still has a log of its own')
  const file = openSync(path, 'r+')
  try {
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}
