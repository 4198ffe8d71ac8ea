// People of whom several clients spend, pay and redeem at the same time: what they have must add up in whatever order it
// came. Their tier is set once, at the beginning.
import { PACKS } from './ledger.ts'
import { checkOut, forge, newPayment, pay } from './payments.ts'
import type { Work } from './places.ts'
import { ADMINISTRATOR, emailOf } from './seed.ts'
import { sessionOf, userIdOf } from './sign-in.ts'
import { makeBatch, makeVoucher, redeem, removeVoucher, voidVoucher } from './vouchers.ts'
import {
  asAdministrator,
  askPlainly,
  type Client,
  change,
  expectStatus,
  type Person,
  reasonWith,
  wordFor,
} from './world.ts'

type Act = (client: Client) => Promise<void>

export const SHARED: Partial<Readonly<Record<Work, Act>>> = {
  spend,
  race,
  withdraw,
  'pay-pack': payPack,
  adjust,
  'look-up': lookUp,
  batch: makeBatch,
  forge: forgePayment,
}

async function ready(client: Client, person: Person): Promise<{ userId: string; session: string }> {
  const session = await sessionOf(client, person)
  const userId = await userIdOf(client, person)
  person.ready ??= setTier(client, userId)
  await person.ready
  return { userId, session }
}

async function setTier(client: Client, userId: string): Promise<void> {
  const marker = wordFor(client.world.count())
  const body = { tier: 'JIVE', reason: reasonWith(marker, client) }
  const reply = await asAdministrator(client, `/v1/users/${userId}/tier-overrides`, body)
  if (expectStatus(client, 'first override', reply, 200))
    client.world.ledger.overrides.push({ userId, tier: 'JIVE', marker })
}

async function spend(client: Client): Promise<void> {
  const { world, random } = client
  const { userId } = await ready(client, random.pick(world.savers))
  const counts = { credits: random.between(1, 30_000), images: random.chance(0.2) ? 1 : 0 }
  const by = world.seeded.keys.frontend
  const reply = await change(client, { path: '/v1/usage', body: { userId, ...counts }, by })
  if (!expectStatus(client, 'usage', reply, 200, 409) || reply.status !== 200) return
  const { fromAllowance, fromPacks } = reply.data as { fromAllowance: number; fromPacks: number }
  world.ledger.spends.push({ userId, ...counts, fromAllowance, fromPacks })
}

/** Several people with one code: one of them gets it. */
async function race(client: Client): Promise<void> {
  const { world, random } = client
  const voucher = await makeVoucher(client, random.pick(['R200', 'R500', 'R1000']))
  const first = random.between(0, world.savers.length - 1)
  const racers = [0, 1, 2].map((step) => world.savers[(first + step) % world.savers.length] as Person)
  const won = await Promise.all(racers.map(async (person) => redeem(client, await ready(client, person), voucher)))
  const winners = won.filter(Boolean).length
  if (winners !== 1) world.problems.push(`voucher ${voucher.id}: ${winners} of three have redeemed it, expected 1`)
}

/** Redeemed, voided or deleted: one of two wins. */
async function withdraw(client: Client): Promise<void> {
  const { world, random } = client
  const voucher = await makeVoucher(client, 'R200')
  const person = await ready(client, random.pick(world.savers))
  const takeBack = random.chance(0.5) ? voidVoucher : removeVoucher
  const isWanted = random.chance(0.6)
  const done = await Promise.all([isWanted ? redeem(client, person, voucher) : false, takeBack(client, voucher)])
  const count = done.filter(Boolean).length
  if (count !== 1) world.problems.push(`voucher ${voucher.id}: redeemed or withdrawn ${count} times, expected 1`)
  // The log of a voucher that was voided stays, the row may go.
  if (done[1] && takeBack === voidVoucher && random.chance(0.3)) await removeVoucher(client, voucher)
}

async function payPack(client: Client): Promise<void> {
  const { world, random } = client
  const person = await ready(client, random.pick(world.savers))
  const pack = random.pick(Object.keys(PACKS))
  const checkoutId = await checkOut(client, person, 'credit_pack', pack)
  if (checkoutId !== undefined) await pay(client, newPayment(world, person.userId, 'credit_pack', pack, checkoutId))
}

async function forgePayment(client: Client): Promise<void> {
  const { world, random } = client
  const { userId } = await ready(client, random.pick(world.savers))
  await forge(client, newPayment(world, userId, 'credit_pack', '1000', `checkout-${world.count()}`))
}

async function adjust(client: Client): Promise<void> {
  const { world, random } = client
  const { userId } = await ready(client, random.pick(world.savers))
  const marker = wordFor(world.count())
  const credits = random.chance(0.6) ? random.between(1, 20_000) : -random.between(1, 20_000)
  const body = { credits, reason: reasonWith(marker, client) }
  const reply = await asAdministrator(client, `/v1/users/${userId}/credit-adjustments`, body)
  if (!expectStatus(client, 'adjustment', reply, 200, ...(credits < 0 ? [409] : [])) || reply.status !== 200) return
  world.ledger.adjustments.push({ userId, credits, marker })
}

async function lookUp(client: Client): Promise<void> {
  const { world, random } = client
  const path = '/v1/user-lookups'
  if (random.chance(0.3)) {
    const by = world.seeded.keys.admin
    const body = { email: emailOf(`nobody-${world.count()}`) }
    const reply = await askPlainly(client, { path, body, by, actor: ADMINISTRATOR, key: `nobody-${world.count()}` })
    if (expectStatus(client, 'look-up of nobody', reply, 404)) world.ledger.vainLookUps.push({ tries: reply.tries })
    return
  }
  const person = random.pick(world.savers)
  const { userId } = await ready(client, person)
  const reply = await asAdministrator(client, path, { email: person.email })
  if (!expectStatus(client, 'look-up', reply, 200)) return
  if (reply.data.userId !== userId) world.problems.push(`${person.email} was found as ${reply.data.userId}`)
  world.ledger.lookUps.push({ userId })
}
