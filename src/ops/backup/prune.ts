import { type Candidate, type Kept, toKeep } from './keep.ts'
import { type Backup, isGood, listStore } from './list.ts'
import { openStore } from './open-store.ts'
import { type BackupPolicy, longestAge, type Policies } from './policy.ts'
import type { Store } from './store.ts'
import { halfSets, setsIn, withOthers } from './whole-sets.ts'
import { openWorkFolder } from './work-folder.ts'

export interface Pruned {
  readonly domain: BackupPolicy['domain']
  readonly kept: readonly Kept[]
  readonly removed: readonly string[]
  /** Bytes of archives that were, or with `dryRun` would be, removed. */
  readonly bytes: number
}

export interface PruneOptions {
  readonly now: Date
  readonly dryRun?: boolean
  /** Of all files, so that half a set does not stand for a restore point; without them every set is taken for whole. */
  readonly policies?: Policies
}

/** Removes what the policy does not keep. A failed check of the newest is no reason to lose the one before it. */
export async function pruneBackups(
  policy: BackupPolicy,
  { now, dryRun = false, policies }: PruneOptions,
): Promise<Pruned> {
  using _work = dryRun ? undefined : openWorkFolder(policy)
  using store = openStore(policy.target)
  const { domain } = policy
  const listed = await listStore(store, domain)
  const { backups } = listed
  const half = halfSets(policies ? setsIn(await withOthers([{ domain, ...listed }], policies)) : [])
  const kept = toKeep(
    backups.map((backup) => candidateOf(backup, half)),
    policy.keep,
    now,
    longestAge(domain),
  )
  const ids = new Set(kept.map(({ id }) => id))
  const gone = backups.filter(({ manifest }) => !ids.has(manifest.id))
  if (!dryRun) for (const backup of gone) await removeBackup(store, backup)
  const bytes = gone.reduce((sum, { stored = 0 }) => sum + stored, 0)
  return { domain, kept, removed: gone.map(({ manifest }) => manifest.id), bytes }
}

function candidateOf(backup: Backup, half: ReadonlyMap<string, unknown>): Candidate {
  const { id, takenAt, set } = backup.manifest
  const manifest = { id, takenAt, set: set === undefined || half.has(set) ? undefined : set }
  return { manifest, good: isGood(backup), verified: backup.verified?.passed === true }
}

/** The manifest first: without it the rest is a leftover that the next backup removes. */
async function removeBackup(store: Store, { manifest: { id, archive } }: Backup): Promise<void> {
  for (const name of [`${id}.json`, `${id}.verified.json`, archive]) await store.remove(name)
}
