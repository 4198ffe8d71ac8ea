/**
 * What the evidence of a month shows, in sentences: that something passed, that it failed, or that nothing is there to show it.
 * A pack that says nothing of a failure would be taken for a proof of the contrary.
 */
import type { Head } from '../../database/chain-heads.ts'
import { DOMAINS, type Domain } from '../../database/domains.ts'
import type { ChainReport } from '../chain/report.ts'
import { daysWithout } from './days.ts'
import { provenIn } from './erasure-proof.ts'
import type { Month } from './month.ts'
import type { ErasureRow, Operations } from './sources.ts'

/** `gap`: nothing is there that could pass or fail. */
export type Outcome = 'failure' | 'gap' | 'passed'

export interface Result {
  readonly outcome: Outcome
  /** In the pack: where to read on. */
  readonly file: string
  /** A sentence; nothing of a person but subject ids. */
  readonly text: string
}

export interface When {
  readonly month: Month
  readonly now: Date
}

export const result = (outcome: Outcome, file: string, text: string): Result => ({ outcome, file, text })
export const gapIn = (file: string, days: string, what: string): readonly Result[] =>
  days === '' ? [] : [result('gap', file, `No ${what} on ${days}.`)]

/** `erased`: when each file says that a subject was erased, and which. A tombstone stands in three files, so that it outlasts a row. */
export function erasureResults(
  rows: readonly ErasureRow[],
  erased: readonly { readonly domain: Domain; readonly subjectId: string }[],
  known: (subjectId: string) => boolean,
): readonly Result[] {
  const [file, done] = ['erasures.json', rows.filter(({ doneAt }) => doneAt !== null)]
  const noReceipt = done.filter(({ receipt }) => receipt === null)
  const proven = done.filter(({ receipt }) => receipt !== null && provenIn(receipt) === 'proven')
  const unknown = Map.groupBy(
    erased.filter(({ subjectId }) => !known(subjectId)),
    ({ subjectId }) => subjectId,
  )
  return [
    ...noReceipt.map(({ id }) => result('failure', file, `The erasure ${id} is said to be done, and has no receipt.`)),
    ...done.flatMap(({ id, receipt }) => unprovenResult(id, receipt)),
    ...[...unknown].map(([subjectId, where]) =>
      result(
        'failure',
        file,
        `${where.map(({ domain }) => `${domain}.db`).join(', ')} say that ${subjectId} was erased, and identity.db keeps no erasure of it: its record was removed.`,
      ),
    ),
    ...rows
      .filter(({ doneAt }) => doneAt === null)
      .map(({ id }) => result('gap', file, `The erasure ${id} is not over.`)),
    ...(done.length === 0 ? [result('passed', file, 'Nobody was erased.')] : []),
    ...(proven.length > 0
      ? [
          result(
            'passed',
            file,
            `${proven.length} of ${done.length} erasures are done, and searches found nothing left.`,
          ),
        ]
      : []),
  ]
}

function unprovenResult(id: string, receipt: string | null): readonly Result[] {
  const proven = receipt === null ? 'proven' : provenIn(receipt)
  if (proven === 'proven') return []
  const text =
    proven === 'left'
      ? `After the erasure ${id} something of the person was found still.`
      : `That nothing is left after the erasure ${id} is not proven.`
  return [result(proven === 'left' ? 'failure' : 'gap', `erasures/${nameOf(id)}.json`, text)]
}

/** Nothing fails by a restore, and what it took back is missing. A mark and its later signature are one. */
export function restoreResults(heads: readonly Head[], { month }: When): readonly Result[] {
  const marks = heads.filter(({ kind, createdAt }) => kind === 'restored' && new Date(createdAt) >= month.from)
  const each = Map.groupBy(marks, ({ domain, createdAt, position }) => `${domain} ${createdAt} ${position}`)
  return [...each.values()].flatMap(([mark, ...others]) => {
    if (!mark) return []
    const isSigned = [mark, ...others].some(({ signature }) => signature !== null)
    const text = `${mark.domain}.db was put back at ${new Date(mark.createdAt).toISOString()}, to position ${mark.position} of its chain${isSigned ? '' : ', which nobody signed'}: what was logged after that until then.`
    return [result('gap', 'chains/heads.jsonl', text)]
  })
}

export function chainResults({ passed, chains, findings }: ChainReport): readonly Result[] {
  const file = 'chains/verification.json'
  const links = chains.reduce((sum, chain) => sum + chain.links, 0)
  const bad = findings.filter(({ severity }) => severity === 'high' || severity === 'medium')
  const but = findings.some(({ code }) => code === 'chain.restored') ? ', but for what restores took back' : ''
  return [
    ...bad.map(({ message, place }) =>
      result('failure', file, `${place.file}${place.table ? ` ${place.table}` : ''}: ${message}`),
    ),
    ...(passed ? [result('passed', file, `${links} links of the logs are as they were written${but}.`)] : []),
    ...(!passed && bad.length === 0 ? [result('failure', file, 'The logs are not as they were written.')] : []),
  ]
}

export function headResults(heads: readonly Head[], { month, now }: When): readonly Result[] {
  const file = 'chains/heads.jsonl'
  return DOMAINS.flatMap((domain) => {
    const own = heads.filter((head) => head.domain === domain && head.kind === 'signed')
    const signed = own.filter(({ createdAt, signature }) => signature !== null && new Date(createdAt) >= month.from)
    const days = daysWithout(
      signed.map(({ createdAt }) => createdAt),
      month,
      now,
    )
    const said = signed.length === 0 ? [] : [result('passed', file, `${signed.length} signed heads of ${domain}.db.`)]
    if (signed.length === 0) return [result('gap', file, `No signed head of ${domain}.db in this month.`)]
    return [...said, ...gapIn(file, days, `signed head of ${domain}.db`)]
  })
}

export function operationResults({ drills, promises, unseen }: Operations, { month, now }: When): readonly Result[] {
  const file = 'operations/drills.json'
  const each = DOMAINS.flatMap((domain) => {
    const own = drills.filter((drill) => drill.domain === domain)
    const passed = own.filter((drill) => drill.passed)
    if (own.length === 0)
      return [result('gap', file, `No backup of ${domain}.db was restored for practice in this month.`)]
    return [
      ...own
        .filter((drill) => !drill.passed)
        .map(({ at }) => result('failure', file, `The restore of ${domain}.db for practice at ${at} failed.`)),
      ...(passed.length > 0
        ? [result('passed', file, `${passed.length} of ${own.length} restores of ${domain}.db for practice passed.`)]
        : []),
      ...gapIn(
        file,
        daysWithout(
          own.map(({ at }) => at),
          month,
          now,
        ),
        `restore of ${domain}.db for practice`,
      ),
    ]
  })
  const alarms = promises.flatMap(({ domain, alarms: codes }) =>
    codes.map((code) =>
      result(
        FAILED.has(code) ? 'failure' : 'gap',
        'operations/promises.json',
        `Backups of ${domain}.db: ${ALARMS[code] ?? code}.`,
      ),
    ),
  )
  const blind = unseen.map((domain) => result('gap', file, `Backups of ${domain}.db could not be looked at from here.`))
  return [...each, ...alarms, ...blind]
}

const FAILED: ReadonlySet<string> = new Set(['failed-check', 'failed-drill'])
const ALARMS: Readonly<Record<string, string>> = {
  missed: 'none was made when one was due',
  'failed-check': 'one failed its check',
  unreadable: 'one could not be read',
  'failed-drill': 'the newest restore for practice failed',
  'no-drill': 'none was restored for practice for too long',
  'out-of-reach': 'their store was out of reach',
}

/** Ids of rows become names of files: nothing but what is safe in one. */
export const nameOf = (id: string): string => id.replace(/[^\w-]/g, '_')
