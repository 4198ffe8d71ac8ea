import { type Candidate, type Kept, toKeep } from './keep.ts'
import { type Backup, isGood, listStore } from './list.ts'
import { openStore } from './open-store.ts'
import { type BackupPolicy, longestAge } from './policy.ts'
import type { Store } from './store.ts'
import { openWorkFolder } from './work-folder.ts'

export interface Pruned {
  readonly domain: BackupPolicy['domain']
  readonly kept: readonly Kept[]
  readonly removed: readonly string[]
  /** Bytes of archives that were, or with `dryRun` would be, removed. */
  readonly bytes: number
}

/** Removes what the policy does not keep. A failed check of the newest is no reason to lose the one before it. */
export async function pruneBackups(
  policy: BackupPolicy,
  { now, dryRun = false }: { readonly now: Date; readonly dryRun?: boolean },
): Promise<Pruned> {
  using _work = dryRun ? undefined : openWorkFolder(policy)
  using store = openStore(policy.target)
  const { domain } = policy
  const { backups } = await listStore(store, domain)
  const kept = toKeep(backups.map(candidateOf), policy.keep, now, longestAge(domain))
  const ids = new Set(kept.map(({ id }) => id))
  const gone = backups.filter(({ manifest }) => !ids.has(manifest.id))
  if (!dryRun) for (const backup of gone) await removeBackup(store, backup)
  const bytes = gone.reduce((sum, { stored = 0 }) => sum + stored, 0)
  return { domain, kept, removed: gone.map(({ manifest }) => manifest.id), bytes }
}

const candidateOf = (backup: Backup): Candidate => ({
  manifest: backup.manifest,
  good: isGood(backup),
  verified: backup.verified?.passed === true,
})

/** The manifest first: without it the rest is a leftover that the next backup removes. */
async function removeBackup(store: Store, { manifest: { id, archive } }: Backup): Promise<void> {
  for (const name of [`${id}.json`, `${id}.verified.json`, archive]) await store.remove(name)
}
