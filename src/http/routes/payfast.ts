// Where PayFast tells what became of a payment. It proves itself by its address and its signature over the form as it was
// posted, so the raw text is kept. Nothing of the buyer goes into an answer or a log line.
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { Context } from '../../context.ts'
import { GoggaError, UsageError } from '../../errors.ts'
import { type Itn, PAYFAST_SOURCES, readItn, sourceList, verifyItn } from '../../payfast/itn.ts'
import { findPii, type PiiKind } from '../../pii/find.ts'
import { receiveNotification, requirePayfast } from '../../saga/payments.ts'
import { accessTo } from '../authorization.ts'
import { securityOf } from '../openapi.ts'
import { Notification } from '../schemas/payfast.ts'
import { problemsFor } from '../schemas/problem.ts'
import { isPlainText } from '../schemas/words.ts'

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
    requireIds(itn)
    await receiveNotification(sagas, withEmail(itn), {
      onUnusable: (payment) => request.log.warn(payment, 'a payment came that cannot be used: pay it back'),
    })
    return reply.type('text/plain; charset=utf-8').send('OK')
  })
}

const VISIBLE = /^[\x21-\x7e]{1,200}$/
/** Digits of an id may be like somebody's number. */
const LIKE_IDS: ReadonlySet<PiiKind> = new Set(['phone', 'idNumber', 'card'])
const namesPerson = (id: string): boolean => findPii(id).some(({ kind }) => !LIKE_IDS.has(kind))

/** What billing.db keeps must be ids: an email or address in the place of one is refused here, in words that PayFast's log can show. */
function requireIds({ paymentId, userId, token, email }: Itn): void {
  const ids = { pf_payment_id: paymentId, custom_str3: userId, token }
  const errors = Object.entries(ids)
    .filter(([, id]) => id !== undefined && (!VISIBLE.test(id) || namesPerson(id)))
    .map(([at]) => ({ at, message: 'expected an opaque id of at most 200 visible ASCII characters' }))
  if (userId === undefined && email !== undefined && !isEmail(email))
    errors.push({ at: 'email_address', message: 'expected an email' })
  if (errors.length === 0) return
  const list = errors.map(({ at, message }) => `${at}: ${message}`).join('; ')
  throw new UsageError(`The notification does not fit: ${list}`, { errors })
}

/** Beside a subject id, an email that is none is left out. */
const withEmail = (itn: Itn): Itn =>
  itn.email === undefined || isEmail(itn.email) ? itn : { ...itn, email: undefined }

const isEmail = (text: string): boolean => /^[^@\s]+@[^@\s]+$/.test(text) && text.length <= 320 && isPlainText(text)

const notAForm = () =>
  new GoggaError(
    'unsupported-media-type',
    415,
    2,
    `The body has a content type that is not accepted here; send ${FORM}`,
  )
