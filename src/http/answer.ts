// Sends what the join service found. Rows go from SQLite to the socket with one JSON.stringify between.
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { RecordAccess } from '../identity/access-log.ts'
import type { Meta } from '../join/types.ts'
import { callerOf } from './plugins/auth.ts'

export const JSON_TYPE = 'application/json; charset=utf-8'

interface Found {
  readonly data: unknown
  readonly page?: { readonly next: string | null }
  readonly meta: Meta
  /** Whether personal information chose or ordered the rows. */
  readonly byPii: boolean
  /** For whom the service asks. */
  readonly actorId?: string | undefined
}

/**
 * Where personal information was read, the answer waits until the access log says so on disk. An answer with nobody's is
 * a reading only when it was asked for by personal information.
 */
export function sendFound(found: Found, request: FastifyRequest, reply: FastifyReply, record: RecordAccess): unknown {
  const { pii, ...meta } = found.meta
  const text = JSON.stringify(found.page ? { data: found.data, page: found.page, meta } : { data: found.data, meta })
  reply.header('content-type', JSON_TYPE)
  if (!pii || pii.fields.length === 0 || (pii.subjects.length === 0 && !found.byPii)) return void reply.send(text)
  const { method, id, routeOptions } = request
  const route = `${method} ${routeOptions.url}`
  const access = { apiKeyId: callerOf(request).keyId, route, requestId: id, actorId: found.actorId, ...pii }
  return record(access).then(() => text)
}
