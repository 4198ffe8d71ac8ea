// Audits of where personal information is, over HTTP: those that were made, and a way to begin one (POPIA section 19).
import type { FastifyInstance } from 'fastify'
import type { z } from 'zod'
import type { Auditor } from '../../compliance/audit/auditor.ts'
import { findAudit, type KeptAudit, listAudits } from '../../compliance/audit/audits.ts'
import type { AuditReport } from '../../compliance/audit/report.ts'
import type { Context } from '../../context.ts'
import { NotFoundError, StoppedError, UnavailableError } from '../../errors.ts'
import { aboutOperation, jsonAnswer } from '../described.ts'
import { frames } from '../logging.ts'
import { AuditAnswer, AuditParams, AuditsAnswer, AuditsQuery, BegunAudit } from '../schemas/audits.ts'
import { NoWords } from '../schemas/checks.ts'
import { problemsFor } from '../schemas/problem.ts'

const URL = '/v1/compliance/audits'
const ONE = `${URL}/:id`

export interface AuditsOptions {
  readonly context: Context
  /** Undefined: this server audits nothing, and shows what others did. */
  readonly auditor?: Auditor | undefined
}

export async function auditsRoutes(app: FastifyInstance, { context, auditor }: AuditsOptions): Promise<void> {
  const { identity } = context.files
  // What runs ends with the app, before the files are closed.
  app.addHook('onClose', async () => await auditor?.[Symbol.asyncDispose]())

  const list = {
    ...aboutOperation('GET', URL, 'Whole audits, by whichever process, and the one that runs here.'),
    tags: ['compliance'],
    summary: 'List audits',
    operationId: 'list-audits',
    querystring: AuditsQuery,
    response: { 200: jsonAnswer('Up to `limit`.', AuditsAnswer), ...problemsFor(400, 401, 403, 503) },
  }
  app.get(URL, { schema: list }, async ({ query }, reply) => {
    const { limit } = query as z.output<typeof AuditsQuery>
    const data = listAudits(identity, limit).map(shownKept)
    return reply.send({ data, running: auditor?.running ?? null, failedAt: auditor?.failedAt ?? null })
  })

  const one = {
    ...aboutOperation('GET', ONE, 'The report of an audit with its signature; without a report while it runs.'),
    tags: ['compliance'],
    summary: 'Read an audit',
    operationId: 'get-audit',
    params: AuditParams,
    response: { 200: jsonAnswer('As it is now.', AuditAnswer), ...problemsFor(400, 401, 403, 404, 503) },
  }
  app.get(ONE, { schema: one }, async ({ params }, reply) => {
    const { id } = params as z.output<typeof AuditParams>
    if (auditor?.running?.id === id)
      return reply.send({ data: { id, status: 'running', report: null, signature: null, keyId: null } })
    const found = findAudit(identity, id)
    if (!found) throw new NotFoundError('There is no audit with this id', { hint: `See GET ${URL}.` })
    const { report, signature, keyId } = found
    const data = { id, status: 'ended', report: JSON.parse(report), signature: signature?.toString('base64') ?? null }
    return reply.send({ data: { ...data, keyId } })
  })

  const about =
    'Everything, in a process of its own at low priority: nobody waits for it. Where one runs already, it is this one. ' +
    'The guard before billing.db and admin.db is tried in transactions that are taken back.'
  const begin = {
    ...aboutOperation('POST', URL, about),
    tags: ['compliance'],
    summary: 'Audit now',
    operationId: 'post-compliance-audits',
    body: NoWords,
    response: {
      202: jsonAnswer('It runs; Location says where to look.', BegunAudit),
      ...problemsFor(400, 401, 403, 413, 415, 422, 503),
    },
  }
  app.post(URL, { schema: begin }, (request, reply) => {
    auditor?.run('http').catch((error: unknown) => {
      if (error instanceof StoppedError) return // The server ends.
      request.log.error({ error: frames(error) }, 'the audit came to no end')
    })
    const running = auditor?.running
    if (!running) throw new UnavailableError('This server audits nothing now', { hint: 'Run "npx gogga audit".' })
    reply.code(202).header('location', `${URL}/${running.id}`).send({ data: running })
  })
}

function shownKept({ id, cause, startedAt, endedAt, passed, report, keyId }: KeptAudit) {
  const { counts } = JSON.parse(report) as AuditReport
  return { id, cause, startedAt, endedAt, passed, counts, keyId }
}
