// What each route needs to say yes: ids of rows that there are, made anew where a request uses them up. A new route begins with
// the example of its document; where that is refused, the test says so, and its needs are told here.

import { createKey } from '../../../src/identity/api-keys.ts'
import { act } from '../../http/administrators.ts'
import type { TestApp } from '../../http/app.ts'
import { lock, waiting } from '../../http/dead-letters.ts'

export interface Good {
  /** By the name of the parameter. */
  readonly params?: Readonly<Record<string, string>>
  readonly body?: object
  readonly headers?: Readonly<Record<string, string>>
}
type Make = () => Good | Promise<Good>

const ROWS: Readonly<Record<string, string>> = {
  ...{
    users: 'u4',
    contacts: 'k1',
    'auth-logs': 'a1',
    subscriptions: 's-u1',
    'credit-purchases': 'c1',
    payments: 'p1',
  },
  ...{ 'recurring-schedules': 'r1', 'subscription-events': 'e1', 'voucher-logs': 'l1', 'admin-logs': 'g1' },
  ...{ subjects: 'u5', audits: 'endless' },
}

/** By route; several where bodies exclude each other. Whatever is planted stands over these. */
export function goodRequests(world: TestApp): (route: string, example: object | undefined) => readonly Make[] {
  const vouchers = voucherMaker(world)
  const voucher = async () => ({ params: { id: (await vouchers()).id } })
  const special: Readonly<Record<string, readonly Make[]>> = {
    'GET /v1/vouchers/:id': [() => ({ params: { id: 'v1' } })],
    'DELETE /v1/vouchers/:id': [voucher],
    'POST /v1/vouchers/:id/void': [async () => ({ ...(await voucher()), body: { reason: 'issued twice' } })],
    'POST /v1/voucher-batches': [() => ({ body: { type: 'R200', count: 1, name: 'Spring' } })],
    'POST /v1/me/redemptions': [async () => ({ body: { code: (await vouchers()).code } })],
    'POST /v1/me/subscription/tier': [() => withTier(world, 'JIGGA', { body: { tier: 'JIVE' } })],
    'POST /v1/me/subscription/cancellation': [() => withTier(world, 'JIGGA', { body: {} })],
    'POST /v1/me/checkouts': [
      () => withTier(world, 'FREE', { body: { kind: 'subscription', tier: 'JIVE' } }),
      () => ({ body: { kind: 'credit_pack', pack: '200' } }),
    ],
    'POST /v1/usage': [() => withTier(world, 'JIGGA', { body: { credits: 1, images: 0 } })],
    'POST /v1/auth/sessions': [() => loginToken(world)],
    'GET /v1/subjects/:id/export': [() => officer(world)],
    'GET /v1/changes/:id': [async () => ({ params: { id: await changeOf(world) } })],
    'POST /v1/ops/outbox/:id/retry': [async () => ({ params: { id: await strand(world) }, body: {} })],
    'POST /v1/ops/outbox/:id/drop': [async () => ({ params: { id: await deadMessage(world) }, body: {} })],
    'DELETE /v1/subjects/:id/restriction': [() => restricted(world)],
    'POST /v1/subjects/:id/restriction': [() => unrestricted(world)],
    'POST /v1/subjects/:id/corrections': [
      () => ({ params: { id: 'k1' }, body: { email: `new${nth()}@example.org` } }),
      () => ({ params: { id: 'u5' }, body: { dispute: 'It is wrong', field: 'identity.User.email' } }),
    ],
  }
  let made = 0
  const nth = () => ++made
  return (route, example) => special[route] ?? [() => plain(route, example)]
}

function plain(route: string, example: object | undefined): Good {
  const [, resource = ''] = /\/([\w-]+)\/:/.exec(route) ?? []
  const id = ROWS[resource]
  return { ...(id !== undefined && { params: { id } }), ...(example && { body: example }) }
}

function voucherMaker({ context }: TestApp): () => Promise<{ id: string; code: string }> {
  let made = 0
  return async () => {
    made += 1
    const voucher = { id: `w${made}`, code: `GOGGA-w${made}` }
    const data = { ...voucher, type: 'R200', createdBy: 'u2', expiresAt: new Date('2026-12-31') }
    await context.files.admin.client.voucher.create({ data })
    return voucher
  }
}

async function withTier({ context }: TestApp, tier: string, good: Good): Promise<Good> {
  const data = { tier, status: 'active', nextTier: null, monthlyCredits: 500_000, creditsUsed: 0 }
  await context.files.billing.client.subscription.update({ where: { id: 's-u1' }, data })
  return good
}

async function loginToken(world: TestApp): Promise<Good> {
  await world.post('/v1/auth/login-tokens', { email: 'thabo@example.co.za' })
  return { body: { token: await world.mailedToken() } }
}

let officers: Readonly<Record<string, string>> | undefined
async function officer({ context }: TestApp): Promise<Good> {
  const order = { name: 'officer', scopes: ['compliance', 'pii:read'], purposes: ['access-request'] } as const
  officers ??= { authorization: `Bearer ${(await createKey(context.files.identity.client, order, context)).key}` }
  return { params: { id: 'u5' }, headers: { 'x-gogga-purpose': 'access-request', ...officers } }
}

/** A person's own. */
async function changeOf(world: TestApp): Promise<string> {
  await withTier(world, 'JIGGA', {})
  made += 1
  const by = { session: await world.session('u1'), headers: { 'idempotency-key': `usage-${made}` } }
  const answer = await world.post('/v1/usage', { credits: 1 }, by)
  return answer.json().change.id
}

/** The note of one that is open already would be passed over. */
async function unrestricted(world: TestApp): Promise<Good> {
  await world.send('DELETE', '/v1/subjects/u5/restriction', { scopes: ['compliance'] })
  return { params: { id: 'u5' }, body: { kind: 'objected', note: 'By letter' } }
}

async function restricted(world: TestApp): Promise<Good> {
  await world.post('/v1/subjects/u5/restriction', { kind: 'restricted' }, { scopes: ['compliance'] })
  return { params: { id: 'u5' } }
}

/** The log of a change that is not in admin.db yet, since another process held it. */
async function strand(world: TestApp): Promise<string> {
  const before = new Set(waiting(world))
  const release = lock(world)
  await act(world, { url: '/v1/users/u4/tier-overrides', body: { tier: 'JIVE', reason: 'Outage' } })
  release()
  return waiting(world).find((message) => !before.has(message)) ?? 'none'
}

/** A message that may be given up: nobody can handle it any more. */
async function deadMessage({ context, clock }: TestApp): Promise<string> {
  made += 1
  const id = `old:${made}`
  const times = { createdAt: clock.now, nextAttemptAt: clock.now, deadAt: clock.now }
  const message = { id, type: 'old', target: 'admin', payload: '{}', attempts: 10, ...times }
  await context.files.billing.client.outboxMessage.create({ data: message })
  return id
}
let made = 0
