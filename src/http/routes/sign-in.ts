import { hash } from 'node:crypto'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Context } from '../../context.ts'
import { emailKey } from '../../identity/emails.ts'
import { isAddress } from '../../mail/addresses.ts'
import { requestLogin, signIn, signOut } from '../../saga/sign-in.ts'
import { accessTo } from '../authorization.ts'
import { securityOf } from '../openapi.ts'
import { personOf } from '../plugins/auth.ts'
import { addressOf, limitPerMinute } from '../plugins/rate-limit.ts'
import { problemsFor } from '../schemas/problem.ts'
import { addWrite } from '../writes.ts'

const MAX_EMAIL = 254
const MAX_TOKEN = 200

const LoginRequest = z
  .strictObject({ email: z.email().max(MAX_EMAIL).refine(isAddress, 'is not an address that mail goes to') })
  .meta({ examples: [{ email: 'thandi@example.co.za' }] })

const LoginSent = z
  .strictObject({ sent: z.literal(true), minutes: z.int().describe('How long the token is valid.') })
  .meta({ examples: [{ sent: true, minutes: 15 }] })

const Exchange = z
  .strictObject({ token: z.string().min(1).max(MAX_TOKEN).describe('From the mail, or from the link in it.') })
  .meta({ examples: [{ token: 'gogga_login_Q7v0cWl3mZk2T9xNfYb8sHrJd4uEaG1pLoiMwXtVqRc' }] })

const NewSession = z
  .strictObject({
    token: z.string().describe('For `Authorization: Bearer`; shown in this answer alone.'),
    expiresAt: z.iso.datetime(),
    userId: z.string(),
    isNew: z.boolean().describe('Whether this sign-in made the user.'),
  })
  .meta({
    examples: [
      {
        token: 'gogga_session_mZk2T9xNfYb8sHrJd4uEaG1pLoiMwXtVqRcQ7v0cWl3',
        expiresAt: '2026-04-13T09:26:53.589Z',
        userId: 'cmb2x9k4d0001',
        isNew: true,
      },
    ],
  })

export async function signInRoutes(app: FastifyInstance, { context }: { readonly context: Context }): Promise<void> {
  addLoginTokens(app, context)
  addSessions(app, context)
  addSignOut(app, context)
}

function addLoginTokens(app: FastifyInstance, { sagas, mailer, config }: Context): void {
  const byAddress = limitPerMinute(app, config.signInsPerMinute, addressOf)
  const byEmail = limitPerMinute(app, config.signInsPerMinute, hashOfEmail)
  addWrite(app, {
    url: '/v1/auth/login-tokens',
    tag: 'sign-in',
    summary: 'Ask for a login token by mail',
    about:
      'Sends a token that works once, for 15 minutes. The answer is the same for every email, whether or not somebody has ' +
      'an account with it. Limited by address and by email.',
    body: LoginRequest,
    data: LoginSent,
    options: { preHandler: [byAddress, byEmail] },
    run: ({ body: { email }, request: { ip }, asked }) =>
      requestLogin(sagas, mailer, { email, ip, page: config.mail.signInPage }, asked),
  })
}

function addSessions(app: FastifyInstance, { sagas, config }: Context): void {
  addWrite(app, {
    url: '/v1/auth/sessions',
    tag: 'sign-in',
    summary: 'Sign in',
    about:
      'Exchanges a login token for a session of 30 days. The first sign-in with an email makes the user, who gets a FREE ' +
      'subscription. 401 where the token is unknown, used or expired. With an Idempotency-Key, a repeat whose first answer ' +
      'was lost gets the same session. Limited by address.',
    body: Exchange,
    data: NewSession,
    status: 201,
    problems: [401],
    options: { preHandler: [limitPerMinute(app, config.signInsPerMinute, addressOf)] },
    run: ({ body: { token }, request: { ip }, asked }) => signIn(sagas, { token, ip }, asked),
  })
}

function addSignOut(app: FastifyInstance, { sagas }: Context): void {
  const url = '/v1/auth/session'
  const { security, note } = securityOf(accessTo('DELETE', url))
  const schema = {
    tags: ['sign-in'],
    security,
    summary: 'Sign out',
    description: `Ends the session that this request came with, at once. ${note}`,
    operationId: 'delete-auth-session',
    response: { 204: z.null().describe('Signed out.'), ...problemsFor(401, 403, 503) },
  }
  app.delete(url, { schema }, async (request, reply) => {
    await signOut(sagas, { sessionId: personOf(request).sessionId, ip: request.ip })
    return reply.code(204).send()
  })
}

/** Of the checked body; the email itself need not stay in memory. */
const hashOfEmail = ({ body }: FastifyRequest): string =>
  hash('sha256', emailKey((body as z.output<typeof LoginRequest>).email), 'base64')
