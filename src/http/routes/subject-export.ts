// Everything that is held about a person, for whoever answers them (POPIA section 23).
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { placesIn } from '../../compliance/erasure/erase.ts'
import { exportPerson, personIn } from '../../compliance/export/export.ts'
import { jsonOf } from '../../compliance/export/json.ts'
import { streamOf } from '../../compliance/stream-out.ts'
import type { Context } from '../../context.ts'
import { ForbiddenError, NotFoundError } from '../../errors.ts'
import type { RecordAccess } from '../../identity/access-log.ts'
import { JSON_TYPE } from '../answer.ts'
import { aboutOperation, jsonAnswer } from '../described.ts'
import { callerOf } from '../plugins/auth.ts'
import { PurposeHeaders, purposeOf } from '../purpose.ts'
import { problemsFor } from '../schemas/problem.ts'
import { SubjectParams } from '../schemas/subjects.ts'

const URL = '/v1/subjects/:id/export'
const ABOUT =
  'Out of all three files and what a split could not place, with why and how long it is kept, and who had access; secrets ' +
  'are left out. It takes the scope ' +
  '`pii:read` as well, and the purpose `access-request`; the access log has the reading before the answer begins. The ' +
  'answer comes as it is read.'

const Exported = z.looseObject({ format: z.literal('gogga-access/1'), count: z.number().int() }).meta({
  description: 'What `gogga subject export` writes.',
  examples: [{ format: 'gogga-access/1', subject: { ids: ['u_8f2'], kind: 'user' }, tables: [], count: 0 }],
})

interface Options {
  readonly context: Context
  readonly record: RecordAccess
}

export async function subjectExportRoutes(app: FastifyInstance, { context, record }: Options): Promise<void> {
  const { identity, billing, admin } = context.files
  const { unassigned } = placesIn(context.config)
  const readers = { identity: identity.reader, billing: billing.reader, admin: admin.reader }
  const schema = {
    ...aboutOperation('GET', URL, ABOUT),
    tags: ['compliance'],
    summary: 'Everything that is held about a person',
    operationId: 'get-subject-export',
    params: SubjectParams,
    headers: PurposeHeaders,
    response: { 200: jsonAnswer('The export.', Exported), ...problemsFor(400, 401, 403, 404, 503) },
  }
  app.get(URL, { schema }, async (request, reply) => {
    const caller = callerOf(request)
    const { id } = request.params as z.output<typeof SubjectParams>
    // An address in a URL would be in the logs of whatever stands in between.
    if (id.includes('@')) throw new NotFoundError('No person has this id', { hint: 'Give the subject id.' })
    const person = personIn(readers, id)
    if (!caller.scopes.has('pii:read') || purposeOf(request, caller) !== 'access-request') throw notAllowed()
    const access = { apiKeyId: caller.keyId, route: `GET ${URL}`, fields: ['*'], requestId: request.id }
    await record({ ...access, subjects: person.ids, purpose: 'access-request' })
    // The name says nothing of the person: it stays behind in folders and in lists of downloads.
    reply.header('content-disposition', 'attachment; filename="subject-export.json"')
    reply.header('content-type', JSON_TYPE)
    return reply.send(streamOf(jsonOf(exportPerson({ readers, person, now: context.now(), unassigned }))))
  })
}

const notAllowed = () =>
  new ForbiddenError('An export needs the scope pii:read and the purpose access-request', {
    hint: 'Make a key with "gogga keys create --scope compliance --scope pii:read --purpose access-request".',
  })
