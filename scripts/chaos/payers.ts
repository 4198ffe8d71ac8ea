// People whose charges come by themselves, and who change their minds meanwhile.
import { checkOut, newPayment, pay } from './payments.ts'
import type { Work } from './places.ts'
import { sessionOf, userIdOf } from './sign-in.ts'
import { type Client, change, expectStatus, type Person } from './world.ts'

type Act = (client: Client, payer: { readonly userId: string; readonly session: string }) => Promise<void>

export const PAYING: Partial<Readonly<Record<Work, Act>>> = {
  spend,
  cancel,
  'change-tier': changeTier,
  'pay-tier': payTier,
}

export async function actAsPayer(client: Client, person: Person, work: Work): Promise<void> {
  const session = await sessionOf(client, person)
  await PAYING[work]?.(client, { session, userId: await userIdOf(client, person) })
}

async function spend(client: Client, { userId, session }: Parameters<Act>[1]): Promise<void> {
  const { random, world } = client
  const body = { credits: random.between(0, 5_000), images: 1 }
  const reply = await change(client, { path: '/v1/usage', body, by: session })
  if (!expectStatus(client, 'usage', reply, 200, 409) || reply.status !== 200) return
  const { fromAllowance, fromPacks } = reply.data as { fromAllowance: number; fromPacks: number }
  world.ledger.spends.push({ userId, ...body, fromAllowance, fromPacks })
}

async function changeTier(client: Client, { userId, session }: Parameters<Act>[1]): Promise<void> {
  const tier = client.random.pick(['JIVE', 'JIGGA'])
  const reply = await change(client, { path: '/v1/me/subscription/tier', body: { tier }, by: session })
  if (!expectStatus(client, 'change of tier', reply, 200, 409) || reply.status !== 200) return
  client.world.ledger.tierChanges.push({ userId, tier })
}

async function cancel(client: Client, { userId, session }: Parameters<Act>[1]): Promise<void> {
  const reply = await change(client, { path: '/v1/me/subscription/cancellation', body: {}, by: session })
  if (!expectStatus(client, 'cancelling', reply, 200, 409) || reply.status !== 200) return
  client.world.ledger.cancellations.push({ userId })
}

/** With an agreement, so that what follows can be charged again. */
async function payTier(client: Client, payer: Parameters<Act>[1]): Promise<void> {
  const tier = client.random.pick(['JIVE', 'JIGGA'])
  const checkoutId = await checkOut(client, payer, 'subscription', tier)
  if (checkoutId === undefined) return
  await pay(client, newPayment(client.world, payer.userId, 'subscription', tier, checkoutId))
}
