// What tells one request from another: who asked, for what, with which key and which body. Only hashes are kept,
// keyed with a secret of identity.db: keys and bodies are made by others, and might be somebody's address or number.
import { createHmac } from 'node:crypto'

export interface Asked {
  /** `POST /v1/usage`. */
  readonly route: string
  /** What was asked for, path parameters included; compared by its values. */
  readonly body: unknown
  /** The Idempotency-Key header. */
  readonly key?: string | undefined
  /** The API key that asked. */
  readonly keyId?: string | undefined
  /** The person who asked, or for whom a service did. */
  readonly subjectId?: string | undefined
  /** Who the key belongs to, where that is not whoever asked: the person who spends, the email that signs in. Kept as a hash. */
  readonly scope?: string | undefined
  /** The answer holds a secret: it is kept encrypted under the request itself. */
  readonly secret?: boolean
}

/** The same for the same caller, or scope, route and key; undefined without a key. */
export function changeIdOf({ route, key, keyId, subjectId, scope }: Asked, secret: Uint8Array): string | undefined {
  if (key === undefined) return undefined
  const caller = scope === undefined ? [keyId ?? null, keyId ? null : (subjectId ?? null)] : [scope]
  return hashed(secret, [...caller, route, key])
}

/** Nothing is compared without a key. */
export const requestHashOf = (asked: Asked, secret: Uint8Array): string =>
  asked.key === undefined ? '' : hashed(secret, [asked.key, requestText(asked)])

const hashed = (secret: Uint8Array, parts: readonly unknown[]): string =>
  createHmac('sha256', secret).update(JSON.stringify(parts)).digest('hex')

/** Route and body as text: the same for the same values, whatever the order of their names. */
export const requestText = ({ route, body }: Asked): string => JSON.stringify([route, canonical(body)])

/** As JSON has it, with the names of every object sorted. */
function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical)
  if (value === null || typeof value !== 'object') return value
  if ('toJSON' in value && typeof value.toJSON === 'function') return value.toJSON()
  return Object.fromEntries(
    Object.entries(value)
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([key, inner]) => [key, canonical(inner)]),
  )
}
