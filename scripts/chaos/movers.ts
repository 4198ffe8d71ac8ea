// A client's own people: one request of each at a time, so that what their subscription must look like is known after every
// answer, and looked at.
import { holdLock } from './faults.ts'
import { PACKS, packOf, TIERS } from './ledger.ts'
import { checkOut, failFirst, newPayment, pay } from './payments.ts'
import type { Work } from './places.ts'
import { pathsIn } from './seed.ts'
import { sessionOf, signOut, userIdOf } from './sign-in.ts'
import { makeVoucher, redeem } from './vouchers.ts'
import {
  asAdministrator,
  askPlainly,
  type Client,
  change,
  expectStatus,
  type Person,
  reasonWith,
  type State,
  wordFor,
} from './world.ts'

interface Mover {
  readonly person: Person
  readonly userId: string
  readonly session: string
  readonly state: State
}

type Act = (client: Client, mover: Mover) => Promise<void>

const PAID = ['JIVE', 'JIGGA'] as const

export const MOVES: Partial<Readonly<Record<Work, Act>>> = {
  again: (client, { person }) => signOut(client, person),
  spend,
  'tier-voucher': redeemTier,
  'two-vouchers': redeemTwo,
  'pay-tier': payTier,
  'pay-pack': payPack,
  cancel,
  override: (client, mover) => override(client, mover, client.random.pick(['FREE', 'FREE', ...PAID])),
  adjust,
  roles,
}

export async function move(client: Client, person: Person, work: Work): Promise<void> {
  const session = await sessionOf(client, person)
  const userId = await userIdOf(client, person)
  const state = client.world.states.get(userId)
  if (!state) throw new Error(`Nothing is known of ${person.name}`)
  await MOVES[work]?.(client, { person, userId, session, state })
  await look(client, person, state)
}

/** What was answered is what is there, at once. */
export async function look(client: Client, person: Person, state: State): Promise<void> {
  const by = await sessionOf(client, person)
  const reply = await askPlainly(client, { method: 'GET', path: '/v1/me/subscription', by })
  if (!expectStatus(client, 'subscription', reply, 200)) return
  const terms = TIERS[state.tier] ?? { credits: 0, images: 0 }
  const expected = {
    tier: state.tier,
    status: state.status,
    monthlyCreditsLeft: terms.credits - state.creditsUsed,
    imagesLeft: terms.images - state.imagesUsed,
    packCredits: state.credits,
  }
  for (const [name, value] of Object.entries(expected)) {
    if (reply.data[name] === value) continue
    client.world.problems.push(
      `${person.name}: ${name} is ${reply.data[name]}, expected ${value} by all that was answered`,
    )
  }
}

async function spend(client: Client, { userId, session, state }: Mover): Promise<void> {
  const { random, world } = client
  const body = { credits: random.between(0, 40_000), images: random.between(1, 3) }
  const reply = await change(client, { path: '/v1/usage', body, by: session })
  if (!expectStatus(client, 'usage', reply, 200, 409) || reply.status !== 200) return
  const { fromAllowance, fromPacks } = reply.data as { fromAllowance: number; fromPacks: number }
  world.ledger.spends.push({ userId, ...body, fromAllowance, fromPacks })
  state.creditsUsed += fromAllowance
  state.credits -= fromPacks
  state.imagesUsed += body.images
}

/** A month of the running tier goes on; of another one, it begins with its whole allowance. */
function giveMonth(state: State, tier: string): void {
  if (state.tier !== tier) startAnew(state)
  Object.assign(state, { tier, status: 'active' })
}

const startAnew = (state: State): void => void Object.assign(state, { creditsUsed: 0, imagesUsed: 0 })

async function redeemTier(client: Client, mover: Mover): Promise<void> {
  const tier = client.random.pick(PAID)
  const voucher = await makeVoucher(client, client.random.chance(0.3) ? 'R500' : `${tier}_1MONTH`)
  if (!(await redeem(client, mover, voucher))) return
  const pack = packOf(voucher.type)
  if (pack === undefined) giveMonth(mover.state, tier)
  else mover.state.credits += PACKS[pack]?.credits ?? 0
}

/**
 * Both are fine while billing.db cannot be written yet, and claimed; the second one is given back. Without somebody who
 * holds the file, the first would be granted before the second is looked at.
 */
async function redeemTwo(client: Client, mover: Mover): Promise<void> {
  if (mover.state.tier !== 'FREE') await override(client, mover, 'FREE')
  if (mover.state.tier !== 'FREE') return
  const vouchers = [await makeVoucher(client, 'JIVE_1MONTH'), await makeVoucher(client, 'JIGGA_1MONTH')]
  const held = holdLock(pathsIn(client.world.dir).billing, client.random.between(20, 80))
  const won = await Promise.all(vouchers.map((voucher) => redeem(client, mover, voucher)))
  await held
  const [jive, jigga] = won
  if (jive === jigga)
    client.world.problems.push(`two months at once: ${won.filter(Boolean).length} were given, expected 1`)
  giveMonth(mover.state, jive ? 'JIVE' : 'JIGGA')
}

async function payTier(client: Client, mover: Mover): Promise<void> {
  const tier = client.random.pick(PAID)
  const checkoutId = await checkOut(client, mover, 'subscription', tier)
  if (checkoutId === undefined) return
  await pay(client, newPayment(client.world, mover.userId, 'subscription', tier, checkoutId))
  giveMonth(mover.state, tier)
}

async function payPack(client: Client, mover: Mover): Promise<void> {
  const pack = client.random.pick(Object.keys(PACKS))
  const checkoutId = await checkOut(client, mover, 'credit_pack', pack)
  if (checkoutId === undefined) return
  const payment = newPayment(client.world, mover.userId, 'credit_pack', pack, checkoutId)
  if (client.random.chance(0.2)) await failFirst(client, payment)
  if (client.random.chance(0.15)) return
  await pay(client, payment)
  mover.state.credits += PACKS[pack]?.credits ?? 0
}

async function cancel(client: Client, { userId, session, state }: Mover): Promise<void> {
  const reply = await change(client, { path: '/v1/me/subscription/cancellation', body: {}, by: session })
  const isAllowed = state.tier !== 'FREE' && state.status === 'active'
  if (!expectStatus(client, `cancelling ${state.tier} that is ${state.status}`, reply, isAllowed ? 200 : 409)) return
  if (!isAllowed) return
  client.world.ledger.cancellations.push({ userId })
  state.status = 'cancelled'
}

async function override(client: Client, { userId, state }: Mover, tier: string): Promise<void> {
  const marker = wordFor(client.world.count())
  const body = { tier, reason: reasonWith(marker, client) }
  const reply = await asAdministrator(client, `/v1/users/${userId}/tier-overrides`, body)
  if (!expectStatus(client, 'override', reply, 200)) return
  client.world.ledger.overrides.push({ userId, tier, marker })
  // Between paid tiers the month goes on; to and from FREE another one begins.
  if ((tier === 'FREE') !== (state.tier === 'FREE')) startAnew(state)
  Object.assign(state, { tier, status: 'active' })
}

async function adjust(client: Client, { userId, state }: Mover): Promise<void> {
  const marker = wordFor(client.world.count())
  const credits = client.random.chance(0.5) ? client.random.between(1, 30_000) : -client.random.between(1, 30_000)
  const body = { credits, reason: reasonWith(marker, client) }
  const reply = await asAdministrator(client, `/v1/users/${userId}/credit-adjustments`, body)
  const isAllowed = state.credits + credits >= 0
  if (!expectStatus(client, 'adjustment', reply, isAllowed ? 200 : 409) || !isAllowed) return
  client.world.ledger.adjustments.push({ userId, credits, marker })
  state.credits += credits
}

async function roles(client: Client, { userId }: Mover): Promise<void> {
  const given = { isAdmin: client.random.chance(0.5), isServiceAdmin: client.random.chance(0.5) }
  const reply = await asAdministrator(client, `/v1/users/${userId}/roles`, given)
  if (!expectStatus(client, 'roles', reply, 200)) return
  client.world.ledger.roles.push({ userId, ...given })
}
