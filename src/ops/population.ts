// Invented people with a believable history, for a first start, for trying out and for benchmarks. Addresses are from
// the ranges reserved for documentation (RFC 2606, RFC 5737). The same seed gives the same people.

import { DAY_MS, type Makers, type MakersOptions, makersOf } from './makers.ts'

export type Value = string | number | null
export type Row = Readonly<Record<string, Value>>
/** `model` is `domain.Model`; the row's keys are its columns, the same for every row of the model. */
export type Insert = (model: string, row: Row) => void

export interface PopulationOptions extends MakersOptions {
  readonly people: number
  /** `core` leaves out what a page of users does not join: logs, events, purchases, schedules, tokens. */
  readonly history?: 'full' | 'core'
}

const FIRST =
  'Thabo Lerato Sipho Naledi Johan Anika Pieter Zanele Mandla Ayesha Kabelo Chantal Riaan Nomsa Devan Lindiwe'.split(
    ' ',
  )
const LAST = 'Mokoena Dlamini Botha Naidoo Khumalo Pillay Venter Nkosi Jacobs Mahlangu Fourie Zulu Adams Sithole'.split(
  ' ',
)
const TIERS = [
  { tier: 'FREE', cents: 0, credits: 0, images: 50 },
  { tier: 'JIVE', cents: 9_900, credits: 500_000, images: 200 },
  { tier: 'JIGGA', cents: 29_900, credits: 2_000_000, images: 1_000 },
] as const
const PACKS = [
  { size: '200', credits: 50_000, cents: 20_000 },
  { size: '500', credits: 150_000, cents: 50_000 },
  { size: '1000', credits: 350_000, cents: 100_000 },
] as const
const VOUCHERS = [
  { type: 'JIVE_1MONTH', cents: 9_900 },
  { type: 'JIGGA_1MONTH', cents: 29_900 },
  { type: 'R200', cents: 20_000 },
  { type: 'R500', cents: 50_000 },
] as const

/** Inserts `people` people, the first of them an administrator. Calls `done` after each. */
export function populate(options: PopulationOptions, insert: Insert, done: (people: number) => void): void {
  const makers = makersOf(options)
  const adminId = makers.id()
  if (options.history !== 'core') addPartner(options, makers, insert)
  for (let index = 0; index < options.people; index++) {
    addPerson(index, adminId, options, makers, insert)
    done(index + 1)
  }
}

/** Someone without an account, who made vouchers. */
function addPartner({ now }: PopulationOptions, makers: Makers, insert: Insert): void {
  const partnerId = makers.id()
  const email = 'partner@example.com'
  insert('identity.Contact', { id: partnerId, email, emailKey: email, createdAt: makers.time(now - 600 * DAY_MS) })
  addVoucher(null, partnerId, now - 30 * DAY_MS, { now, history: 'full' }, makers, insert)
}

function addPerson(index: number, adminId: string, options: PopulationOptions, makers: Makers, insert: Insert): void {
  const { pick, id, past, time } = makers
  const userId = index === 0 ? adminId : id()
  const joined = past(700)
  const email = `${pick(FIRST)}.${pick(LAST)}${index}@example.co.za`.toLowerCase()
  const createdAt = time(joined)
  const isAdmin = index === 0 ? 1 : 0
  insert('identity.User', { id: userId, email, isAdmin, isServiceAdmin: isAdmin, createdAt, updatedAt: createdAt })
  const tier = pick(TIERS)
  const subscriptionId = addSubscription(userId, tier, joined, options, makers, insert)
  addPayments(userId, tier, joined, options, makers, insert)
  if (index % 4 === 0) addVoucher(userId, adminId, joined, options, makers, insert)
  if (options.history === 'core') return
  addSignIns(email, joined, options, makers, insert)
  addTransitions(userId, subscriptionId, tier, joined, makers, insert)
  if (index % 10 === 0) addOverride(userId, adminId, makers, insert)
}

type Tier = (typeof TIERS)[number]

function addSubscription(
  userId: string,
  tier: Tier,
  joined: number,
  { now }: PopulationOptions,
  makers: Makers,
  insert: Insert,
): string {
  const { id, below, time } = makers
  const paid = tier.cents > 0
  const subscriptionId = id()
  insert('billing.Subscription', {
    id: subscriptionId,
    userId,
    tier: tier.tier,
    status: paid && below(20) === 0 ? 'past_due' : 'active',
    payfastToken: null,
    credits: below(4) === 0 ? 50_000 : 0,
    creditsUsed: tier.credits === 0 ? 0 : below(tier.credits),
    monthlyCredits: tier.credits,
    imagesUsed: below(tier.images),
    imagesLimit: tier.images,
    startedAt: time(joined),
    nextBilling: paid ? time(now + below(30) * DAY_MS) : null,
    lastReset: paid ? time(Math.max(joined, now - 20 * DAY_MS)) : null,
    paymentFailedAt: null,
    retryCount: 0,
    createdAt: time(joined),
    updatedAt: time(Math.max(joined, now - 10 * DAY_MS)),
  })
  return subscriptionId
}

/** Three payments a person on average. */
function addPayments(
  userId: string,
  tier: Tier,
  joined: number,
  options: PopulationOptions,
  makers: Makers,
  insert: Insert,
): void {
  const { id, below, pick, time } = makers
  const count = 1 + below(5)
  for (let index = 0; index < count; index++) {
    const at = time(Math.min(options.now, joined + index * 30 * DAY_MS))
    const pack = tier.cents === 0 || below(4) === 0 ? pick(PACKS) : undefined
    const pfPaymentId = `pf-${id()}`
    const type = pack ? 'credit_pack' : 'subscription'
    insert('billing.ProcessedPayment', {
      id: id(),
      pfPaymentId,
      type,
      amountCents: pack?.cents ?? tier.cents,
      userId,
      processedAt: at,
    })
    if (!pack || options.history === 'core') continue
    const expiresAt = time(Math.min(options.now, joined + index * 30 * DAY_MS) + 365 * DAY_MS)
    const purchase = {
      packSize: pack.size,
      credits: pack.credits,
      pfPaymentId,
      status: 'complete',
      expiresAt,
      createdAt: at,
    }
    insert('billing.CreditPurchase', { id: id(), userId, ...purchase })
  }
}

function addVoucher(
  userId: string | null,
  creatorId: string,
  joined: number,
  options: Pick<PopulationOptions, 'now' | 'history'>,
  makers: Makers,
  insert: Insert,
): void {
  const { id, code, below, pick, time } = makers
  const { type, cents } = pick(VOUCHERS)
  const redeemed = userId !== null && below(3) > 0 ? 1 : 0
  const voucherId = id()
  insert('admin.Voucher', {
    id: voucherId,
    code: code(),
    type,
    valueCents: cents,
    createdBy: creatorId,
    createdAt: time(joined),
    expiresAt: time(joined + 365 * DAY_MS),
    voided: 0,
    voidedAt: null,
    voidedBy: null,
    voidReason: null,
    redeemed,
    redeemedAt: redeemed ? time(joined) : null,
    redeemedBy: redeemed ? userId : null,
    userId,
    batchId: null,
  })
  if (options.history === 'core') return
  const log = (action: string, actor: string) =>
    insert('admin.VoucherLog', {
      id: id(),
      voucherId,
      action,
      actor,
      meta: '{"source":"seed"}',
      createdAt: time(joined),
    })
  log('created', creatorId)
  if (redeemed && userId !== null) log('redeemed', userId)
}

function addSignIns(email: string, joined: number, { now }: PopulationOptions, makers: Makers, insert: Insert): void {
  const { id, below, pick, time } = makers
  const count = 1 + below(3)
  for (let index = 0; index < count; index++) {
    const ip = `${pick(['192.0.2', '198.51.100', '203.0.113'])}.${1 + below(254)}`
    const createdAt = time(joined + below(Math.max(1, now - joined)))
    insert('identity.AuthLog', { id: id(), email, action: 'login_success', ip, meta: '{"agent":"web"}', createdAt })
  }
}

function addTransitions(
  userId: string,
  subscriptionId: string,
  tier: Tier,
  joined: number,
  makers: Makers,
  insert: Insert,
): void {
  const { id, time } = makers
  const createdAt = time(joined)
  const base = { subscriptionId, userId }
  const free = {
    fromTier: null,
    toTier: 'FREE',
    fromStatus: null,
    toStatus: 'active',
    actor: 'system',
    meta: null,
    createdAt,
  }
  insert('billing.SubscriptionEvent', { id: id(), ...base, event: 'activated', ...free })
  if (tier.cents === 0) return
  const paid = {
    fromTier: 'FREE',
    toTier: tier.tier,
    fromStatus: 'active',
    toStatus: 'active',
    actor: userId,
    meta: null,
    createdAt,
  }
  insert('billing.SubscriptionEvent', { id: id(), ...base, event: 'upgraded', ...paid })
  insert('billing.RecurringSchedule', {
    id: id(),
    userId,
    tier: tier.tier,
    amountCents: tier.cents,
    token: id(),
    frequency: 'monthly',
    nextChargeAt: time(joined + 30 * DAY_MS),
    lastChargedAt: createdAt,
    chargeCount: 1,
    maxCharges: 12,
    status: 'active',
    failedCount: 0,
    createdAt,
    updatedAt: createdAt,
  })
}

function addOverride(userId: string, adminId: string, makers: Makers, insert: Insert): void {
  const { id, past, time, below } = makers
  const logId = id()
  const meta = '{"reason":"goodwill"}'
  const createdAt = time(past(300))
  insert('admin.AdminLog', {
    id: logId,
    adminId,
    action: 'adjust_credits',
    targetUser: userId,
    targetId: null,
    meta,
    createdAt,
  })
  insert('identity.AdminLogOrigin', { adminLogId: logId, ip: `192.0.2.${1 + below(254)}` })
}
