// Where PayFast tells what became of a payment. It proves itself by its address and its signature over the form as it was
// posted, so the raw text is kept. Nothing of the buyer goes into an answer or a log line.
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { Context } from '../../context.ts'
import { GoggaError } from '../../errors.ts'
import { PAYFAST_SOURCES, readItn, sourceList, verifyItn } from '../../payfast/itn.ts'
import { receiveNotification, requirePayfast } from '../../saga/payments.ts'
import { accessTo } from '../authorization.ts'
import { securityOf } from '../openapi.ts'
import { Notification } from '../schemas/payfast.ts'
import { problemsFor } from '../schemas/problem.ts'

const URL = '/v1/payfast/notifications'
const FORM = 'application/x-www-form-urlencoded'
const BODY_LIMIT_BYTES = 16 * 1024

export async function payfastRoutes(app: FastifyInstance, { context }: { readonly context: Context }): Promise<void> {
  const { config, sagas } = context
  const sources = config.payfast?.sources ?? []
  const isSource = sourceList(sources.length > 0 ? sources : PAYFAST_SOURCES)
  const { security, note } = securityOf(accessTo('POST', URL))
  // For this route alone: the scope of a plugin ends with it.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(FORM, { parseAs: 'string' }, (_request, body, done) => done(null, body))
  app.addContentTypeParser('*', (_request, _payload, done) => done(notAForm()))
  const schema = {
    tags: ['payments'],
    security,
    summary: "Take PayFast's notification of a payment",
    description:
      'An ITN, posted by PayFast. Its source address, merchant, signature and amount are checked; a repeat changes ' +
      `nothing and is answered like the first. ${note}`,
    operationId: 'post-payfast-notifications',
    consumes: [FORM],
    body: Notification,
    response: {
      200: {
        description: 'Taken, now or before.',
        content: { 'text/plain': { schema: z.string().meta({ examples: ['OK'] }) } },
      },
      ...problemsFor(400, 403, 413, 415, 429, 503),
    },
  }
  // The schema is for the documentation; readItn is stricter than a schema of a form could be.
  const validatorCompiler = () => (value: unknown) => ({ value })
  app.post(URL, { schema, validatorCompiler, bodyLimit: BODY_LIMIT_BYTES }, async (request, reply) => {
    const { merchant } = requirePayfast(config)
    const itn = readItn(typeof request.body === 'string' ? request.body : '')
    verifyItn(itn, { merchant, sourceAddress: request.ip, sources: isSource })
    await receiveNotification(sagas, itn)
    return reply.type('text/plain; charset=utf-8').send('OK')
  })
}

const notAForm = () =>
  new GoggaError(
    'unsupported-media-type',
    415,
    2,
    `The body has a content type that is not accepted here; send ${FORM}`,
  )
