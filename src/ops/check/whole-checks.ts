// What holds across the three files, and what their backups promise.
import { DOMAINS } from '../../database/domains.ts'
import type { AlarmCode } from '../backup/promises.ts'
import type { Finding, Severity } from './finding.ts'
import { keysOf, missingKeys } from './keys.ts'
import type { FileView } from './view.ts'

const ERASED = 'select subjectId from "Tombstone" order by subjectId'

/** Where one file lacks the mark of an erased person, a restore of another could bring them back there. */
export async function* checkTombstones({ domain, readers }: FileView): AsyncGenerator<Finding> {
  const mine = readers[domain]
  for (const other of DOMAINS) {
    const theirs = readers[other]
    if (!mine || !theirs || other === domain) continue
    const { count, first } = await lookAtMissing(missingKeys(keysOf(theirs, ERASED), [keysOf(mine, ERASED)]))
    if (count === 0) continue
    const more = count > first.length ? ` and ${count - first.length} more` : ''
    yield {
      check: 'tombstones',
      severity: 'error',
      place: { file: domain, table: 'Tombstone' },
      count,
      message: `${count} erased subject(s) are marked in ${other}.db and not here, and their data may come back: ${first.join(', ')}${more}`,
      next: `Run "npx gogga subject erase ${first[0]}"${count > 1 ? ', and so for each of them' : ''}: it is written again to every file that lacks it.`,
    }
  }
}

/** A first sign-in opens one; people who came with a split may have none. */
export async function* checkSubscriptions({ domain, readers }: FileView): AsyncGenerator<Finding> {
  const { identity, billing } = readers
  if (domain !== 'billing' || !identity || !billing) return
  const place = { file: domain, table: 'Subscription', column: 'userId' }
  const users = keysOf(identity, 'select id from "User" order by id')
  const { count } = await lookAtMissing(
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

const RESTRICTED = 'select distinct subjectId from "Restriction" where liftedAt is null order by subjectId'
const STOPPED = 'select subjectId from "RestrictedSubject" order by subjectId'
const ON_THEIR_WAY = `select distinct subjectId from "OutboxMessage"
  where type in ('subject-restricted', 'restriction-lifted') and subjectId is not null order by subjectId`

/** billing.db charges nobody who said that their information is not to be used, and identity.db knows who said so. */
export async function* checkRestrictions({ domain, readers }: FileView): AsyncGenerator<Finding> {
  const { identity, billing } = readers
  if (domain !== 'billing' || !identity || !billing) return
  const sides = { said: keysOf(identity, RESTRICTED), known: keysOf(billing, STOPPED) }
  const missing = await lookAtMissing(missingKeys(sides.said, [sides.known, keysOf(identity, ON_THEIR_WAY)]))
  const place = { file: domain, table: 'RestrictedSubject' }
  if (missing.count > 0) {
    const message = `${missing.count} person(s) restricted the use of their information, and are charged all the same: ${missing.first.join(', ')}`
    const next = `Run "npx gogga subject restrict ${missing.first[0]}"${missing.count > 1 ? ', and so for each of them' : ''}: it is sent to billing.db again.`
    yield { check: 'restrictions', severity: 'error', place, count: missing.count, message, next }
  }
  const again = { said: keysOf(identity, RESTRICTED), known: keysOf(billing, STOPPED) }
  const surplus = await lookAtMissing(missingKeys(again.known, [again.said, keysOf(identity, ON_THEIR_WAY)]))
  if (surplus.count === 0) return
  const message = `${surplus.count} person(s) are not charged, and identity.db knows of no restriction: ${surplus.first.join(', ')}`
  const next = `Ask what they want; "npx gogga subject restrict ${surplus.first[0]}" notes it, and "subject lift" after it ends it.`
  yield { check: 'restrictions', severity: 'warning', place, count: surplus.count, message, next }
}

const MOST_NAMED = 20

async function lookAtMissing(keys: ReturnType<typeof missingKeys>) {
  const first: string[] = []
  let count = 0
  for (const missing of keys) {
    if (!missing) await new Promise(setImmediate)
    else if (++count <= MOST_NAMED) first.push(String(missing.key))
  }
  return { count, first }
}

/** What the policy promises against what lies in the store. Before the first backup that is advice; later it is broken. */
export async function* checkBackups({ domain, backups }: FileView): AsyncGenerator<Finding> {
  const promised = await backups?.(domain)
  for (const { code, message, isOld } of promised?.alarms ?? []) {
    const isFirst = code === 'missed' && promised?.newest === undefined
    yield {
      check: 'backups',
      severity: isFirst || isOld ? 'warning' : SEVERITIES[code],
      place: { file: domain },
      message,
      next: NEXT[code].replace('DOMAIN', domain),
    }
  }
}

const SEVERITIES = {
  missed: 'error',
  'failed-check': 'error',
  unreadable: 'error',
  'failed-drill': 'error',
  'no-drill': 'warning',
  'out-of-reach': 'notice',
} as const satisfies Record<AlarmCode, Severity>

const NEXT: Readonly<Record<AlarmCode, string>> = {
  missed: 'Run "gogga backup DOMAIN", and see that "gogga backup --schedule" runs.',
  'failed-check': 'Take another with "gogga backup DOMAIN", and look at the disk that this one lies on.',
  unreadable: 'Look at what lies in the store; "gogga backup list" names it.',
  'failed-drill': 'Take another with "gogga backup DOMAIN", and run "gogga drill DOMAIN" again.',
  'no-drill': 'Run "gogga drill DOMAIN".',
  'out-of-reach': 'Run the check where the backups lie, or "gogga backup promises" there.',
}
