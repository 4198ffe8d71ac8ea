// Which headers come with an answer, for the OpenAPI document: by its status, and by whether its request may be repeated
// under an Idempotency-Key.

export interface Header {
  readonly description: string
  readonly schema: { readonly type: string; readonly [word: string]: unknown }
  readonly example: unknown
}

const LOCATION: Header = {
  description: 'Where to see what becomes of it: `/v1/changes/{id}`, or `/v1/ops/checks`.',
  schema: { type: 'string', format: 'uri-reference' },
  example: '/v1/changes/b7e23ec29af22b0b4e41da31e868d572',
}
const REPLAYED: Header = {
  description: 'Where the same Idempotency-Key came before: this is its answer, and nothing was changed by the repeat.',
  schema: { type: 'string', enum: ['true'] },
  example: 'true',
}
const retryAfter = (description: string): Header => ({
  description,
  schema: { type: 'integer', minimum: 1 },
  example: 1,
})
const SOON = retryAfter('Seconds after which to repeat the request.')
const RUNNING = retryAfter('Seconds, where the same request is being answered now: repeat it then to get its answer.')

/** `isKeyed`: the request may bring an Idempotency-Key. */
export function headersOf(status: string, isKeyed: boolean): Readonly<Record<string, Header>> {
  return {
    ...(status === '202' && { Location: LOCATION }),
    ...(isKeyed && status.startsWith('2') && { 'Idempotent-Replayed': REPLAYED }),
    ...(isKeyed && status === '409' && { 'Retry-After': RUNNING }),
    ...((status === '429' || status === '503') && { 'Retry-After': SOON }),
  }
}
