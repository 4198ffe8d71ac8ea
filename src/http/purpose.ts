// What a key with pii:read reads for (POPIA section 13). Its purposes were set when it was made; a request names one of them,
// or none where there is only one.
import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import { ForbiddenError } from '../errors.ts'
import type { Caller } from '../identity/api-keys.ts'
import { PURPOSES, type PurposeId } from '../identity/purposes.ts'

const HEADER = 'x-gogga-purpose'

/** For which of its administrators a service reads. */
export const ReadingActor = z
  .string()
  .meta({
    description:
      'The user id of the administrator for whom the service asks, where there is one. The access log keeps it with what was ' +
      'read; 403 where it is nobody who administers.',
    examples: ['cmb2x9k4d0000'],
  })
  .optional()

/** The headers of a route that may show personal information in clear. */
export const ReadingHeaders = z.looseObject({
  'x-gogga-actor': ReadingActor,
  [HEADER]: z
    .string()
    .meta({
      description: [
        'With the scope `pii:read`, what personal information is read for: one of the purposes of the key. It may be left out',
        'where the key has one only. The access log keeps it.',
        '',
        ...PURPOSES.map(({ id, description }) => `- \`${id}\`: ${description}`),
      ].join('\n'),
      examples: ['support'],
    })
    .optional(),
})

/** What a route is for by itself, so that a key without purposes may call it too; a purpose that is named must be the key's. */
export const purposeOr = (own: PurposeId, request: FastifyRequest, caller: Caller): PurposeId =>
  caller.purposes.length === 0 && request.headers[HEADER] === undefined ? own : purposeOf(request, caller)

/**
 * The purpose of a request that shows, or is chosen by, personal information. Throws ForbiddenError where the key has none,
 * has several and the request names none, or does not have the one that it names; what was sent is not repeated.
 */
export function purposeOf({ headers }: FastifyRequest, { purposes }: Caller): PurposeId {
  const named = headers[HEADER]
  const found = named === undefined && purposes.length === 1 ? purposes[0] : purposes.find((id) => id === named)
  if (found !== undefined) return found
  if (purposes.length === 0) throw withoutPurpose()
  const message = `expected one of ${purposes.join(', ')}`
  throw new ForbiddenError(
    named === undefined
      ? 'The key has several purposes, and the request does not say which of them it is for'
      : 'The key may not read personal information for this purpose',
    { hint: `Send it as "X-Gogga-Purpose: ${purposes[0]}".`, errors: [{ at: HEADER, message }] },
  )
}

const withoutPurpose = () =>
  new ForbiddenError('The key may read personal information, but has no purpose to read it for', {
    hint: 'Make one with "gogga keys create … --scope pii:read --purpose support"; "gogga purposes" lists them.',
    errors: [{ at: 'key', message: 'has no purpose' }],
  })
