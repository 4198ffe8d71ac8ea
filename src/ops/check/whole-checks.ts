// What holds across the three files, and the age of their backups.
import { DOMAINS, type Domain } from '../../database/domains.ts'
import type { Finding } from './finding.ts'
import { keysOf, missingKeys } from './keys.ts'
import type { FileView } from './view.ts'

const ERASED = 'select subjectId from "Tombstone" order by subjectId'

/** Where one file lacks the mark of an erased person, a restore of another could bring them back there. */
export async function* checkTombstones({ domain, readers }: FileView): AsyncGenerator<Finding> {
  const mine = readers[domain]
  for (const other of DOMAINS) {
    const theirs = readers[other]
    if (!mine || !theirs || other === domain) continue
    const count = await countMissing(missingKeys(keysOf(theirs, ERASED), [keysOf(mine, ERASED)]))
    if (count === 0) continue
    yield {
      check: 'tombstones',
      severity: 'error',
      place: { file: domain, table: 'Tombstone' },
      count,
      message: `${count} erased subject(s) are marked in ${other}.db and not here: their data may come back`,
      next: 'Erase these subjects again; each erasure is written to all three files.',
    }
  }
}

/** A first sign-in opens one; people who came with a split may have none. */
export async function* checkSubscriptions({ domain, readers }: FileView): AsyncGenerator<Finding> {
  const { identity, billing } = readers
  if (domain !== 'billing' || !identity || !billing) return
  const place = { file: domain, table: 'Subscription', column: 'userId' }
  const users = keysOf(identity, 'select id from "User" order by id')
  const count = await countMissing(
    missingKeys(users, [keysOf(billing, 'select userId from "Subscription" order by userId')]),
  )
  if (count > 0) {
    const message = `${count} user(s) have no subscription`
    const next = 'Nothing, where they came by a split or just signed in: the next sign-in opens one.'
    yield { check: 'subscriptions', severity: 'notice', place, count, message, next }
  }
  const twice = billing
    .prepare('select count(*) from (select 1 from "Subscription" group by userId having count(*) > 1)')
    .pluck()
    .get() as number
  if (twice === 0) return
  const message = `${twice} user(s) have more than one subscription`
  const next = 'Find out why the unique index on userId is gone (see the integrity check), and merge them by hand.'
  yield { check: 'subscriptions', severity: 'error', place, count: twice, message, next }
}

async function countMissing(keys: ReturnType<typeof missingKeys>): Promise<number> {
  let count = 0
  for (const missing of keys) {
    if (missing) count += 1
    else await new Promise(setImmediate)
  }
  return count
}

export async function* checkBackups({ domain, now, backupAges }: FileView): AsyncGenerator<Finding> {
  const age = await backupAges?.(domain)
  if (!age) return
  const { newest, promisedMs } = age
  if (newest && now.getTime() - newest.getTime() <= promisedMs) return
  const message = newest
    ? `Its newest backup is from ${newest.toISOString()}, ${hours(now.getTime() - newest.getTime())} ago; promised are ${hours(promisedMs)}`
    : 'It has no backup'
  yield {
    check: 'backup age',
    severity: 'error',
    place: { file: domain satisfies Domain },
    message,
    next: `Run "gogga backup ${domain}", and see that "gogga backup --schedule" runs.`,
  }
}

const hours = (milliseconds: number): string =>
  milliseconds < 5_400_000 ? `${Math.round(milliseconds / 60_000)} min` : `${(milliseconds / 3_600_000).toFixed(1)} h`
