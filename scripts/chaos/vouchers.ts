// Vouchers: made, redeemed by those who race for them, voided, deleted.

import { ADMINISTRATOR } from './seed.ts'
import { asAdministrator, askPlainly, type Client, change, expectStatus, reasonWith, wordFor } from './world.ts'

export interface Voucher {
  readonly id: string
  readonly code: string
  readonly type: string
}

export async function makeVoucher(client: Client, type: string): Promise<Voucher> {
  for (;;) {
    const reply = await asAdministrator(client, '/v1/vouchers', { type })
    if (!expectStatus(client, 'voucher', reply, 201)) continue
    const { id, code } = reply.data as { id: string; code: string }
    client.world.ledger.vouchers.push({ id, code, type, batchId: null })
    return { id, code, type }
  }
}

export async function makeBatch(client: Client): Promise<void> {
  const { world, random } = client
  const marker = wordFor(world.count())
  const [type, count] = [random.pick(['R200', 'R500', 'JIVE_1MONTH']), random.between(2, 60)]
  const reply = await asAdministrator(client, '/v1/voucher-batches', { type, count, name: `Drive ${marker}` })
  if (!expectStatus(client, 'batch', reply, 201)) return
  const { batchId, vouchers } = reply.data as { batchId: string; vouchers: { id: string; code: string }[] }
  if (vouchers.length !== count) world.problems.push(`a batch of ${count} has ${vouchers.length} vouchers`)
  world.ledger.batches.push({ id: batchId, marker })
  for (const voucher of vouchers) world.ledger.vouchers.push({ ...voucher, type, batchId })
}

/** Whether this user got it. */
export async function redeem(
  client: Client,
  { userId, session }: { readonly userId: string; readonly session: string },
  { id, code, type }: Voucher,
): Promise<boolean> {
  const reply = await change(client, { path: '/v1/me/redemptions', body: { code }, by: session })
  if (!expectStatus(client, 'redemption', reply, 201, 404, 409) || reply.status !== 201) return false
  if (reply.data.voucherId !== id) client.world.problems.push(`code ${code} redeemed voucher ${reply.data.voucherId}`)
  client.world.ledger.redemptions.push({ userId, voucherId: id, type })
  return true
}

export async function voidVoucher(client: Client, { id }: Voucher): Promise<boolean> {
  const marker = wordFor(client.world.count())
  const reply = await asAdministrator(client, `/v1/vouchers/${id}/void`, { reason: reasonWith(marker, client) })
  if (!expectStatus(client, 'void', reply, 200, 409) || reply.status !== 200) return false
  client.world.ledger.voids.push({ voucherId: id, marker })
  return true
}

/** Has no key: a repeat may find it gone, by the try whose answer was lost. */
export async function removeVoucher(client: Client, { id }: Voucher): Promise<boolean> {
  const by = client.world.seeded.keys.admin
  const reply = await askPlainly(client, { method: 'DELETE', path: `/v1/vouchers/${id}`, by, actor: ADMINISTRATOR })
  const isGone = reply.status === 404 && reply.tries > 1
  if (!isGone && !expectStatus(client, 'delete', reply, 200, 409)) return false
  if (!isGone && reply.status !== 200) return false
  client.world.ledger.deletions.push({ voucherId: id })
  return true
}
