// Who acts through the key of a service: the header says whose hands they are, identity.db whether they may.
import type { FastifyRequest } from 'fastify'
import type { Context } from '../context.ts'
import { UsageError } from '../errors.ts'
import { type Actor, requireAdministrator } from '../saga/actors.ts'
import type { Asked } from '../saga/requests.ts'

/**
 * The administrator that X-Gogga-Actor names, and the address of the request. Throws UsageError without the header,
 * ForbiddenError for anybody else; `service` asks for a service administrator.
 */
export function actorOf(
  { headers, ip }: FastifyRequest,
  { files }: Pick<Context, 'files'>,
  role: 'any' | 'service' = 'any',
): Actor {
  const userId = headers['x-gogga-actor']
  if (typeof userId !== 'string' || userId === '') {
    const message = 'expected the user id of the administrator who acts'
    throw new UsageError(`X-Gogga-Actor: ${message}`, { errors: [{ at: 'x-gogga-actor', message }] })
  }
  requireAdministrator(files.identity.rows, userId, role)
  return { userId, ip }
}

/** Subject id of the administrator for whom a service reads; undefined without the header. Throws ForbiddenError for anybody else. */
export function readingActorOf({ headers }: FastifyRequest, { files }: Pick<Context, 'files'>): string | undefined {
  const userId = headers['x-gogga-actor']
  if (userId === undefined) return undefined
  requireAdministrator(files.identity.rows, String(userId))
  return String(userId)
}

/** Administrators share the key of a service: the same request by another one is another request. */
export const askedBy = ({ userId }: Actor, asked: Asked): Asked => ({
  ...asked,
  body: { actor: userId, asked: asked.body },
  subjectId: userId,
})
