// One file from a backup, while the others stay as they are: fetched beside, checked, made to fit the others, put in place by
// a rename. Up to the journal nothing but the hidden folder changes; from there on the way leads forward, also after a kill.
import { existsSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { beginningOf } from '../../database/chain.ts'
import { chainEndOf, type HeadSigner, restoredHead } from '../../database/chain-heads.ts'
import { openReader } from '../../database/connections.ts'
import type { Domain } from '../../database/domains.ts'
import { ConflictError, FileError } from '../../errors.ts'
import { checkDatabase } from '../backup/check-database.ts'
import { understood } from '../backup/failures.ts'
import { fetchBackup } from '../backup/fetch.ts'
import type { BackupPolicy } from '../backup/policy.ts'
import type { Manifest, OnProgress } from '../backup/types.ts'
import { chooseBackup, type Wanted } from './choose.ts'
import { type Dangling, danglingLinks, openSiblings, type Paths } from './dangling.ts'
import { requireFree } from './hold.ts'
import { freeKeptName } from './kept-files.ts'
import { makeSuccessor, type Successor } from './successor.ts'
import { goForward, type Reached } from './swap.ts'
import { type Journal, openPlan, openWork, type Work, workState } from './work.ts'

export interface RestoreOptions {
  readonly policy: BackupPolicy
  readonly wanted: Wanted
  readonly paths: Paths
  /** Tells everything, and changes no file. */
  readonly dryRun: boolean
  readonly sources: { readonly now: () => Date; readonly newId: () => string }
  /** Of the mark that it leaves for whoever verifies the logs; see `restoredHead`. */
  readonly signer?: HeadSigner | undefined
  readonly signal?: AbortSignal | undefined
  readonly progress?: OnProgress | undefined
  readonly reached?: Reached
}

export interface RestoreReport extends Successor {
  readonly dryRun: boolean
  /** Where the old file lies now; null where there was none, or in a dry run. */
  readonly kept: string | null
  /** Messages to others that could not be given to the file they come from, which is missing: a later start sends them. */
  readonly waiting: number
}

/**
 * Throws NotFoundError without such a backup, FileError where it is not what its manifest says, ConflictError where somebody
 * has the live file open or restores it already, UsageError without its key, UnavailableError where the disk is full.
 */
export async function restore(options: RestoreOptions): Promise<RestoreReport> {
  if (options.dryRun) return await plan(options)
  const { policy, paths, sources, reached = () => {} } = options
  const { domain } = policy
  const live = paths[domain]
  const { manifest } = await chooseBackup(policy, options.wanted)
  using work = openWork(domain, paths)
  endEarlier(work, options)
  try {
    if (existsSync(live)) requireFree(domain, live)
    await fetchChecked(options, manifest, work.copy)
    reached('checked')
    const chain = chainOf(domain, work.copy, options)
    const made = await makeSuccessor(options, manifest, work.copy)
    reached('prepared')
    const kept = freeKeptName(live, sources.now())
    const had = [live, `${live}-wal`, `${live}-journal`].some((path) => existsSync(path))
    const sends = [...made.reconciled.sends]
    work.writeJournal({ version: 1, domain, backupId: manifest.id, kept: basename(kept), sends, chain })
    reached('journal')
    const waiting = goForward(journalOf(work), work, paths, sources.now(), reached)
    return { ...made, dryRun: false, dangling: await danglingNow(domain, paths), kept: had ? kept : null, waiting }
  } catch (error) {
    const isSwapped = !existsSync(work.copy) && work.readJournal() !== undefined
    // Whoever has the file now may write to it: a later start must not put the successor in its place.
    if (!isSwapped) work.clear()
    throw understood(error, dirname(live), isSwapped ? 'after the swap' : 'restore')
  } finally {
    if (!work.readJournal()) work.clear()
  }
}

/**
 * Of the logs as the backup has them: what is reconciled later goes on from there. Signed here and nowhere later: whoever ends a
 * restore that was killed believes its journal, which others may have written.
 */
function chainOf(domain: Domain, copy: string, { sources, signer }: RestoreOptions): NonNullable<Journal['chain']> {
  const reader = openReader(domain, copy)
  try {
    const end = chainEndOf(reader) ?? { position: 0, hash: beginningOf(domain) }
    const at = sources.now()
    const { keyId, signature } = restoredHead(domain, end, at, signer)
    const signed = keyId !== null && signature !== null && { keyId, signature: signature.toString('hex') }
    return { position: end.position, hash: end.hash.toString('hex'), at: at.toISOString(), ...signed }
  } finally {
    reader.close()
  }
}

/** In a folder of its own, which is in nobody's way: a server may start meanwhile, and serve. */
async function plan(options: RestoreOptions): Promise<RestoreReport> {
  const { policy, paths, reached = () => {} } = options
  const { domain } = policy
  const state = workState(domain, paths)
  if (state === 'at work')
    throw new ConflictError(`Another process is restoring ${domain}.db`, { hint: 'Wait until it is done.' })
  if (state === 'cut off')
    throw new ConflictError(`An earlier restore of ${domain}.db was cut off and is not over`, {
      hint: 'The next start of the server ends it, and so does a restore without --dry-run.',
    })
  const { manifest } = await chooseBackup(policy, options.wanted)
  using work = openPlan(domain, paths)
  try {
    await fetchChecked(options, manifest, work.copy)
    reached('checked')
    const made = await makeSuccessor(options, manifest, work.copy)
    reached('prepared')
    return { ...made, dryRun: true, kept: null, waiting: 0 }
  } catch (error) {
    throw understood(error, dirname(paths[domain]), 'restore')
  } finally {
    work.clear()
  }
}

const journalOf = (work: Work) => work.readJournal() as NonNullable<ReturnType<Work['readJournal']>>

/** One that was killed when its successor was ready goes to its end first. */
function endEarlier(work: Work, { paths, sources }: RestoreOptions): void {
  const journal = work.readJournal()
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

async function danglingNow(domain: Domain, paths: Paths): Promise<readonly Dangling[]> {
  using siblings = openSiblings(domain, paths)
  const reader = openReader(domain, paths[domain])
  try {
    return await danglingLinks(domain, { ...siblings.readers, [domain]: reader })
  } finally {
    reader.close()
  }
}
