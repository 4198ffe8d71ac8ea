// Every backup that there is, and until when it may stay: for whoever is told which still hold their data.
import { DOMAINS, type Domain } from '../../database/domains.ts'
import { expiryOf } from './expiry.ts'
import { listBackups } from './list.ts'
import type { Policies } from './policy.ts'

export interface HeldBackup {
  readonly domain: Domain
  readonly id: string
  /** ISO texts in UTC. */
  readonly takenAt: string
  readonly expiresAt: string
}

/** Throws where a store cannot be read: a list that lacks some would say that they are gone. */
export async function heldBackups(policies: Policies): Promise<readonly HeldBackup[]> {
  const lists = await Promise.all(DOMAINS.map((domain) => listBackups(policies[domain])))
  return lists.flatMap(({ backups }) =>
    backups.map(({ manifest }) => {
      const { domain, id, takenAt } = manifest
      return { domain, id, takenAt, expiresAt: expiryOf(manifest, policies[domain]).toISOString() }
    }),
  )
}
