// When heads were made: there is to be one a day for each chain. Whoever takes the newest of everything leaves files that are
// right in themselves, and old.
import { DOMAINS } from '../../database/domains.ts'
import { type Gathered, isMark, isOfFuture, timeOf } from './gathered-heads.ts'
import type { Case } from './judged.ts'

const HOUR_MS = 3_600_000
/** A head a day, and a server that begins late. */
const LATE_MS = 36 * HOUR_MS
const GAP_MS = 48 * HOUR_MS

/** By the time of the verification, whatever the chain says: who takes links takes their times with them. */
export function judgeAge({ walk, now, valid, binding, say }: Case): void {
  const signed = valid.filter((one) => !isMark(one))
  // One that does not fit is told elsewhere.
  const newest = binding.findLast((one) => !isMark(one))
  const beyond = Math.max(0, walk.end.position - (newest?.head.position ?? 0))
  if (newest && now.getTime() - timeOf(newest) > LATE_MS)
    say({
      severity: 'medium',
      code: 'chain.head-late',
      message: `The newest head is of ${newest.head.createdAt}, and ${beyond} link(s) are newer; there is to be one every day`,
      count: beyond,
      next: 'A server signs one a day; "gogga audit heads --sign" does so now. Where one ran all the time, the newest of everything is gone.',
    })
  if (signed.length === 0 && walk.end.position > 0)
    say({
      severity: 'medium',
      code: 'chain.head-late',
      message: 'No head says how far the chain went: whoever can write to the file can write all of it anew',
      count: beyond,
      next: 'A server signs one a day; "gogga audit heads --sign" does so now.',
    })
  const gaps = signed.filter((one, at) => {
    const next = signed[at + 1]
    return next && timeOf(next) - timeOf(one) > GAP_MS && next.head.position > one.head.position
  })
  if (gaps.length > 0)
    say({
      severity: 'low',
      code: 'chain.head-gap',
      message: `More than two days lie between two heads ${gaps.length} time(s), first after ${gaps[0]?.head.createdAt}, and rows were written meanwhile`,
      count: gaps.length,
      next: 'Where no server ran, nothing signed; else heads were removed: verify against an export of them.',
    })
}

/** The three chains get their heads at the same time. */
export function judgeDays({ walk, heads, now, say }: Case): void {
  const lastOf = (of: (one: Gathered) => boolean) =>
    Math.max(...heads.flatMap((one) => (isHead(one) && !isOfFuture(one, now) && of(one) ? [timeOf(one)] : [])))
  const own = lastOf(({ head }) => head.domain === walk.domain)
  const others = lastOf(({ head }) => head.domain !== walk.domain)
  if (!(others - own > GAP_MS)) return
  const files = DOMAINS.filter((domain) => domain !== walk.domain)
  say({
    severity: 'high',
    code: 'chain.heads-end',
    message: `${Number.isFinite(own) ? `The heads of this chain end at ${new Date(own).toISOString()}` : 'There is no head of this chain'}, and those of ${files.join('.db or ')}.db go on until ${new Date(others).toISOString()}`,
    count: 1,
    next: 'A server that refused to sign this chain said so in its log: "gogga audit heads --sign" says why. Else its newest heads were removed.',
  })
}

const isHead = (one: Gathered): boolean => !isMark(one) && one.signature !== 'wrong'

/** Marks are for others to tell. */
export function judgeFuture({ valid, now, say }: Case): void {
  const ahead = valid.filter((one) => !isMark(one) && isOfFuture(one, now))
  if (ahead.length === 0) return
  say({
    severity: 'medium',
    code: 'chain.head-future',
    message: `${ahead.length} head(s) are of a time that is yet to come, first ${ahead[0]?.head.id} of ${ahead[0]?.head.createdAt}`,
    count: ahead.length,
    rows: ahead.slice(0, 20).map(({ head }) => head.id),
    next: 'The clock of this machine is wrong, or was when they were made: nothing can be said about how old they are.',
  })
}
