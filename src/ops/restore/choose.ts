import type { Domain } from '../../database/domains.ts'
import { NotFoundError, UsageError } from '../../errors.ts'
import { type Backup, isGood, listBackups } from '../backup/list.ts'
import type { BackupPolicy } from '../backup/policy.ts'

/** A backup by its id, or the newest good one that was taken at a time or before. */
export type Wanted = { readonly from: string } | { readonly at: Date }

/** Throws NotFoundError; UsageError for a backup of another file. */
export async function chooseBackup(policy: BackupPolicy, wanted: Wanted): Promise<Backup> {
  const { domain } = policy
  if ('from' in wanted) requireOf(domain, wanted.from)
  const { backups } = await listBackups(policy)
  const found =
    'from' in wanted
      ? backups.find(({ manifest }) => manifest.id === wanted.from)
      : backups.filter(isGood).find(({ manifest }) => new Date(manifest.takenAt) <= wanted.at)
  if (found) return found
  const what = 'from' in wanted ? `has the id "${wanted.from}"` : `is of ${wanted.at.toISOString()} or before`
  throw new NotFoundError(`No good backup of ${domain}.db ${what}`, { hint: `See "gogga backup list ${domain}".` })
}

function requireOf(domain: Domain, id: string): void {
  if (id.startsWith(`${domain}-`)) return
  throw new UsageError(`"${id}" is no backup of ${domain}.db`, { hint: `See "gogga backup list ${domain}".` })
}
