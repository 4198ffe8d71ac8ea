// Which values the searches of an erasure looked for, so that a later one proves nothing of less: keyed digests in the erasure's
// row, never in a receipt that is shown. Their key lies in identity.db (hash-key.ts).
import { createHmac } from 'node:crypto'
import { foldedText, type Own } from './needles.ts'

export interface SoughtValue {
  readonly kind: string
  readonly digest: string
  /** No search that found nothing anywhere looked for it since. */
  readonly open: boolean
}

/** Of searches that were ended, that found something, or that could not read everything. */
export interface Sought {
  /** How many proofs there were before: of them only counts are known. */
  readonly since: number
  readonly values: readonly SoughtValue[]
}

/** Before a search: each of its values is to be covered from now on. */
export function opened({ since, values }: Sought, own: readonly Own[], key: Uint8Array): Sought {
  const now = own.map((one): SoughtValue => ({ kind: one.kind, digest: digestOf(one, key), open: true }))
  const digests = new Set(now.map(({ digest }) => digest))
  return { since, values: [...values.filter(({ digest }) => !digests.has(digest)), ...distinct(now)] }
}

/** After a clean search of these, among them such as are somebody else's by now. */
export function covered({ since, values }: Sought, all: readonly Own[], key: Uint8Array): Sought {
  const digests = new Set(all.map((one) => digestOf(one, key)))
  return { since, values: values.map((one) => (digests.has(one.digest) ? { ...one, open: false } : one)) }
}

const distinct = (values: readonly SoughtValue[]): readonly SoughtValue[] => [
  ...new Map(values.map((one) => [one.digest, one])).values(),
]

/** A number is the same in each way to write it. */
function digestOf({ needle: { kind, value } }: Own, key: Uint8Array): string {
  const isNumber = kind === 'text' && /^[\d\s()+./-]+$/.test(value)
  const text = isNumber ? value.replaceAll(/\D+/g, '') : foldedText(value)
  return createHmac('sha256', key).update('gogga erasure\0').update(text).digest('base64')
}
