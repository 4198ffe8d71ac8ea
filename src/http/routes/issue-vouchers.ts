import type { FastifyInstance } from 'fastify'
import type { Context } from '../../context.ts'
import { issueVouchers, removeIssued, voidIssued } from '../../saga/issue-vouchers.ts'
import { actorOf, askedBy } from '../actor.ts'
import {
  batchOrder,
  DeletedVoucher,
  expiresAtOf,
  IssuedBatch,
  IssuedVoucher,
  VoidedVoucher,
  VoidOrder,
  VoucherParams,
  voucherOrder,
} from '../schemas/voucher-orders.ts'
import { addWrite } from '../writes.ts'

const ROUTE = { tag: 'administration', byActor: true } as const

export async function issueVouchersRoutes(
  app: FastifyInstance,
  { context }: { readonly context: Context },
): Promise<void> {
  const { sagas, now } = context
  addWrite(app, {
    ...ROUTE,
    url: '/v1/vouchers',
    summary: 'Make a voucher',
    about: 'One voucher with a code that nobody can guess.',
    body: voucherOrder(now),
    data: IssuedVoucher,
    status: 201,
    async run({ body, request, asked }) {
      const actor = actorOf(request, context)
      const order = { type: body.type, expiresAt: expiresAtOf(body, now()) }
      const issued = await issueVouchers(sagas, actor, order, askedBy(actor, asked))
      const { vouchers, type, expiresAt } = issued.data
      return { ...issued, data: { ...vouchers[0], type, expiresAt } }
    },
  })
  addWrite(app, {
    ...ROUTE,
    url: '/v1/voucher-batches',
    summary: 'Make a batch of vouchers',
    about: 'Up to 10,000 vouchers of one type, all of them or none.',
    body: batchOrder(now),
    data: IssuedBatch,
    status: 201,
    run({ body, request, asked }) {
      const actor = actorOf(request, context)
      const { type, count, name } = body
      return issueVouchers(
        sagas,
        actor,
        { type, count, name, expiresAt: expiresAtOf(body, now()) },
        askedBy(actor, asked),
      )
    },
  })
  addWrite(app, {
    ...ROUTE,
    url: '/v1/vouchers/:id/void',
    summary: 'Void a voucher',
    about: 'It stays, and nobody can redeem it any more. 409 where it is redeemed or voided already.',
    params: VoucherParams,
    body: VoidOrder,
    data: VoidedVoucher,
    problems: [404],
    run({ body, params, request, asked }) {
      const actor = actorOf(request, context)
      return voidIssued(sagas, actor, { voucherId: params.id, reason: body.reason }, askedBy(actor, asked))
    },
  })
  addWrite(app, {
    ...ROUTE,
    method: 'DELETE',
    url: '/v1/vouchers/:id',
    summary: 'Delete a voucher',
    about: 'Its log stays. 409 where it is redeemed.',
    params: VoucherParams,
    data: DeletedVoucher,
    problems: [404],
    run({ params, request, asked }) {
      const actor = actorOf(request, context)
      return removeIssued(sagas, actor, params.id, askedBy(actor, asked))
    },
  })
}
