// A set is a restore point as long as all its members are there and good. One that was cut off between two of them, or whose
// members were pruned since, is none: what is left of it are backups like any others.
import { DOMAINS, type Domain } from '../../database/domains.ts'
import { type Backup, isGood, type Listed, listBackups } from './list.ts'
import type { Policies } from './policy.ts'

export interface SetOfBackups {
  readonly set: string
  readonly takenAt: string
  /** Ids of the good members, in the order of the files. */
  readonly members: readonly string[]
  /** Files whose member is not there or not good; empty where the set is whole. */
  readonly missing: readonly Domain[]
  /** Files whose backups could not be read: nothing is known of their members. */
  readonly unseen: readonly Domain[]
}

export type ListedOf = Listed & { readonly domain: Domain }

/** All sets of which any member is in a list, newest first. A domain without a list is unseen. */
export function setsIn(lists: readonly ListedOf[]): readonly SetOfBackups[] {
  const unseen = DOMAINS.filter((domain) => !lists.some((list) => list.domain === domain))
  const members = lists.flatMap(({ backups }) => backups.filter(({ manifest }) => manifest.set !== undefined))
  const bySet = Map.groupBy(members, ({ manifest }) => manifest.set ?? '')
  const sets = [...bySet].map(([set, all]) => ({ ...about(set, all, unseen), unseen }))
  return sets.sort((a, b) => b.takenAt.localeCompare(a.takenAt) || b.set.localeCompare(a.set))
}

function about(set: string, all: readonly Backup[], unseen: readonly Domain[]): Omit<SetOfBackups, 'unseen'> {
  const good = all.filter(isGood).map(({ manifest }) => manifest)
  const missing = DOMAINS.filter(
    (domain) => !unseen.includes(domain) && !good.some((manifest) => manifest.domain === domain),
  )
  const members = DOMAINS.flatMap((domain) => good.find((manifest) => manifest.domain === domain)?.id ?? [])
  return { set, takenAt: all[0]?.manifest.takenAt ?? '', members, missing }
}

/** The lists, with those of the other files where any set is in them; others that cannot be read are left out. */
export async function withOthers(lists: readonly ListedOf[], policies: Policies): Promise<readonly ListedOf[]> {
  const hasSets = lists.some(({ backups }) => backups.some(({ manifest }) => manifest.set !== undefined))
  const others = DOMAINS.filter((domain) => hasSets && !lists.some((list) => list.domain === domain))
  const found = await Promise.all(
    others.map(async (domain) => {
      try {
        return [{ domain, ...(await listBackups(policies[domain])) }]
      } catch {
        return []
      }
    }),
  )
  return [...lists, ...found.flat()]
}

/** Names of those that are no restore point. */
export const halfSets = (sets: readonly SetOfBackups[]): ReadonlyMap<string, readonly Domain[]> =>
  new Map(sets.filter(({ missing }) => missing.length > 0).map(({ set, missing }) => [set, missing]))
