import type { Domain } from '../../database/domains.ts'
import { NotFoundError, UsageError } from '../../errors.ts'
import { type Backup, isGood, listBackups } from '../backup/list.ts'
import type { BackupPolicy } from '../backup/policy.ts'

/** In place of an id: the newest good backup. */
export const LATEST = 'latest'

/** A backup by its id (or LATEST), or the newest good one that was taken at a time or before. */
export type Wanted = { readonly from: string } | { readonly at: Date }

/** Throws NotFoundError; UsageError for a backup of another file. */
export async function chooseBackup(policy: BackupPolicy, wanted: Wanted): Promise<Backup> {
  const { domain } = policy
  if ('from' in wanted) requireOf(domain, wanted.from)
  const { backups } = await listBackups(policy)
  const found = foundIn(backups, wanted)
  if (found) return found
  throw new NotFoundError(`No good backup of ${domain}.db ${wordsOf(wanted)}`, {
    hint: `See "gogga backup list ${domain}".`,
  })
}

/** `backups`: newest first. One that is named may be of doubtful health: whoever restores it will be told. */
function foundIn(backups: readonly Backup[], wanted: Wanted): Backup | undefined {
  if ('at' in wanted) return backups.filter(isGood).find(({ manifest }) => new Date(manifest.takenAt) <= wanted.at)
  if (wanted.from === LATEST) return backups.find(isGood)
  return backups.find(({ manifest }) => manifest.id === wanted.from)
}

function wordsOf(wanted: Wanted): string {
  if ('at' in wanted) return `is of ${wanted.at.toISOString()} or before`
  return wanted.from === LATEST ? 'is there' : `has the id "${wanted.from}"`
}

function requireOf(domain: Domain, id: string): void {
  if (id === LATEST || id.startsWith(`${domain}-`)) return
  throw new UsageError(`"${id}" is no backup of ${domain}.db`, { hint: `See "gogga backup list ${domain}".` })
}
