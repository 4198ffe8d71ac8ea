// What the audits of a month show, and whether one of them was removed or changed.
import { createHash } from 'node:crypto'
import { keyIdOf, verifySignature } from '../signing.ts'
import { daysWithout } from './days.ts'
import { gapIn, nameOf, type Result, result, type When } from './results.ts'
import type { AuditRow } from './sources.ts'

export function auditResults(
  audits: readonly AuditRow[],
  when: When,
  publicKeys: readonly string[],
): readonly Result[] {
  const days = daysWithout(
    audits.map(({ startedAt }) => startedAt),
    when.month,
    when.now,
  )
  const none = result('gap', 'audits/', 'No audit was kept in this month: nothing shows that any was made.')
  const passed = audits.filter((audit) => audit.passed === 1).length
  const unsigned = audits.filter(({ signature }) => signature === null).length
  const bare = result(
    'gap',
    'audits/',
    `A signature of ${unsigned} of ${audits.length} audits: they were made without a key.`,
  )
  const counted = result('passed', 'audits/', `${passed} of ${audits.length} audits passed.`)
  return [
    ...audits.flatMap((audit) => failuresOf(audit, publicKeys)),
    ...(audits.length === 0 ? [none] : passed > 0 ? [counted] : []),
    ...(unsigned > 0 ? [bare] : []),
    ...(audits.length === 0 ? [] : gapIn('audits/', days, 'audit was kept')),
  ]
}

function failuresOf(
  { id, startedAt, passed, report, signature, keyId }: AuditRow,
  keys: readonly string[],
): readonly Result[] {
  const file = `audits/${nameOf(id)}.json`
  const failure = (what: string) => [
    result('failure', file, `The audit of ${new Date(startedAt).toISOString()} ${what}`),
  ]
  const told = reportIn(report)
  if (told === undefined || told.passed !== (passed === 1))
    return failure('was changed after it was kept: its row says otherwise than its report.')
  const key = keys.find((pem) => keyIdOf(pem) === keyId)
  if (signature && key && !verifySignature(key, Buffer.from(report), signature))
    return failure('was changed after it was kept: its signature is not of this report.')
  if (passed === 1) return []
  const { high = 0, medium = 0 } = told.counts ?? {}
  return failure(`failed: ${high} findings of high and ${medium} of medium severity.`)
}

interface Told {
  readonly passed?: boolean
  readonly counts?: { readonly high?: number; readonly medium?: number }
  readonly before?: { readonly id: string; readonly sha256: string }
}

function reportIn(text: string): Told | undefined {
  try {
    return JSON.parse(text) as Told
  } catch {
    return undefined
  }
}

/** Each audit names the one that was kept before it. `reportOf`: what is kept under an id. */
export const lostAudits = (
  audits: Iterable<{ readonly startedAt: string; readonly report: string }>,
  reportOf: (id: string) => string | undefined,
): readonly Result[] =>
  Iterator.from(audits)
    .flatMap(({ startedAt, report }) => {
      const before = reportIn(report)?.before
      if (!before) return []
      const kept = reportOf(before.id)
      if (kept !== undefined && sha256(kept) === before.sha256) return []
      const what = kept === undefined ? 'was removed' : 'was changed after it was kept'
      return [
        result('failure', 'audits/', `The audit ${nameOf(before.id)}, before that of ${timeOf(startedAt)}, ${what}.`),
      ]
    })
    .toArray()

const timeOf = (time: string): string => new Date(time).toISOString()
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
