// billing.db: money and credits, held against the sums of what was answered. None of these sums hangs on the order in which
// things happened.
import { checkEvents } from './check-events.ts'
import { type Checking, sameTally, sumBy, tally } from './checker.ts'
import { PACKS, packOf, TIERS } from './ledger.ts'

interface Subscription {
  readonly id: string
  readonly userId: string
  readonly tier: string
  readonly status: string
  readonly credits: number
  readonly creditsUsed: number
  readonly monthlyCredits: number
  readonly imagesUsed: number
  readonly imagesLimit: number
}

interface Purchase {
  readonly id: string
  readonly userId: string
  readonly packSize: string
  readonly credits: number
  readonly creditsUsed: number
  readonly pfPaymentId: string | null
  readonly status: string
}

const creditsIn = (size: string | undefined): number => PACKS[size ?? '']?.credits ?? 0

export function checkBilling(checking: Checking): void {
  const subscriptions = checking.rows<Subscription>('billing', 'select * from "Subscription"')
  const purchases = checking.rows<Purchase>('billing', 'select * from "CreditPurchase"')
  checkOwners(checking, subscriptions)
  checkBalances(checking, subscriptions, purchases)
  checkUsage(checking, subscriptions)
  checkPurchases(checking, purchases)
  checkPayments(checking)
  checkCharges(checking)
  checkEvents(checking, subscriptions)
}

function checkOwners(checking: Checking, subscriptions: readonly Subscription[]): void {
  const users = checking.rows<{ id: string }>('identity', 'select id from "User"')
  sameTally(
    checking,
    'one subscription each',
    tally(subscriptions, ({ userId }) => userId),
    tally(users, ({ id }) => id),
  )
}

/** Packs that came and adjustments, less what was spent of them. */
function checkBalances(
  { told, same, holds }: Checking,
  subscriptions: readonly Subscription[],
  purchases: readonly Purchase[],
): void {
  const { redemptions, payments, adjustments, spends } = told.ledger
  const [redeemed, paid] = [
    sumBy(redemptions, ({ type }) => creditsIn(packOf(type))),
    sumBy(payments, ({ kind, what }) => (kind === 'credit_pack' ? creditsIn(what) : 0)),
  ]
  const adjusted = sumBy(adjustments, ({ credits }) => credits)
  const spent = sumBy(spends, ({ fromPacks }) => fromPacks)
  const left = sumBy(
    purchases.filter(({ status }) => status === 'complete'),
    ({ credits, creditsUsed }) => credits - creditsUsed,
  )
  for (const { userId, credits } of subscriptions) {
    const of = (sums: ReadonlyMap<string, number>) => sums.get(userId) ?? 0
    same(`credits: ${userId}`, credits, of(redeemed) + of(paid) + of(adjusted) - of(spent))
    const isWithin = of(left) >= 0 && of(left) <= credits
    holds(
      `packs: ${userId}`,
      isWithin && (adjusted.has(userId) || of(left) === credits),
      `have ${of(left)} left of ${credits}`,
    )
  }
}

function checkUsage({ told, same, holds }: Checking, subscriptions: readonly Subscription[]): void {
  const { spends } = told.ledger
  const used = sumBy(spends, ({ fromAllowance }) => fromAllowance)
  const images = sumBy(spends, (spend) => spend.images)
  for (const { credits, fromAllowance, fromPacks } of spends) {
    same('spends: allowance and packs', fromAllowance + fromPacks, credits)
  }
  for (const subscription of subscriptions) {
    const { userId, tier, status, creditsUsed, monthlyCredits, imagesUsed, imagesLimit } = subscription
    same(`terms: ${userId}`, [monthlyCredits, imagesLimit], [TIERS[tier]?.credits, TIERS[tier]?.images])
    const isWithin = creditsUsed >= 0 && creditsUsed <= monthlyCredits && imagesUsed >= 0 && imagesUsed <= imagesLimit
    holds(
      `usage: ${userId}`,
      isWithin,
      `is ${creditsUsed} of ${monthlyCredits}, ${imagesUsed} of ${imagesLimit} images`,
    )
    const state = told.states.get(userId)
    if (isSaver(told, userId))
      same(`usage: ${userId}`, [creditsUsed, imagesUsed], [used.get(userId) ?? 0, images.get(userId) ?? 0])
    else if (state) {
      same(
        `states: ${userId}`,
        [tier, status, creditsUsed, imagesUsed],
        [state.tier, state.status, state.creditsUsed, state.imagesUsed],
      )
    }
  }
}

/** Whose month began with the one override that they had, before anything was spent. */
const isSaver = ({ ledger }: Checking['told'], userId: string): boolean =>
  ledger.signIns.some((signIn) => signIn.userId === userId && signIn.email.startsWith('saver-'))

function checkPurchases(checking: Checking, purchases: readonly Purchase[]): void {
  const { redemptions, payments, checkouts } = checking.told.ledger
  const complete = purchases.filter(({ status }) => status === 'complete')
  const paid = payments.filter(({ kind }) => kind === 'credit_pack')
  const name = ({ userId, packSize, pfPaymentId }: Purchase) => `${userId} ${packSize} ${pfPaymentId ?? 'voucher'}`
  const redeemed = redemptions.flatMap(({ userId, type }) =>
    packOf(type) ? [`${userId} ${packOf(type)} voucher`] : [],
  )
  const bought = paid.map(({ userId, what, paymentId }) => `${userId} ${what} ${paymentId}`)
  sameTally(checking, 'packs granted', tally(complete, name), tally([...redeemed, ...bought], String))
  for (const { id, packSize, credits } of purchases) checking.same(`packs: ${id}`, credits, creditsIn(packSize))
  const done = new Set(paid.map(({ checkoutId }) => checkoutId))
  const open = checkouts.filter(({ id, kind }) => kind === 'credit_pack' && !done.has(id)).map(({ id }) => id)
  const waiting = purchases.filter(({ status }) => status !== 'complete').map(({ id }) => id)
  sameTally(checking, 'checkouts', tally(waiting, String), tally(open, String))
}

/** What PayFast told us and what we charged, each once; and nothing that was refused. */
function checkPayments(checking: Checking): void {
  const { told, rows } = checking
  const { payments, refusedPayments } = told.ledger
  const found = rows<{ pfPaymentId: string; type: string; amountCents: number; userId: string }>(
    'billing',
    'select * from "ProcessedPayment"',
  )
  const name = (row: (typeof found)[number]) => [row.pfPaymentId, row.type, row.amountCents, row.userId].join(' ')
  const owners = new Map(
    rows<{ id: string; userId: string }>('billing', 'select id, userId from "ChargeAttempt"').map(({ id, userId }) => [
      id,
      userId,
    ]),
  )
  const charged = told.payfast.ledger.map(({ paymentId, amountCents, attemptId }) =>
    [paymentId, 'subscription', amountCents, owners.get(attemptId)].join(' '),
  )
  const notified = payments.map((one) => [one.paymentId, one.kind, one.amountCents, one.userId].join(' '))
  sameTally(checking, 'payments', tally(found, name), tally([...notified, ...charged], String))
  const refused = new Set(refusedPayments)
  for (const { pfPaymentId } of found)
    checking.holds(`forged payments: ${pfPaymentId}`, !refused.has(pfPaymentId), 'was refused')
}

/** No attempt is charged twice, and what PayFast charged counts as paid. */
function checkCharges(checking: Checking): void {
  const { told, rows, same } = checking
  const attempts = rows<{ id: string; status: string; pfPaymentId: string | null; amountCents: number }>(
    'billing',
    'select * from "ChargeAttempt"',
  )
  const byId = new Map(attempts.map((attempt) => [attempt.id, attempt]))
  for (const [attemptId, times] of tally(told.payfast.ledger, ({ attemptId }) => attemptId))
    same(`charged once: ${attemptId}`, times, 1)
  for (const { attemptId, paymentId, amountCents } of told.payfast.ledger) {
    const { status, pfPaymentId, amountCents: asked } = byId.get(attemptId) ?? {}
    same(`charges: ${attemptId}`, [status, pfPaymentId, asked], ['paid', paymentId, amountCents])
  }
  checkReasons(checking)
  const charged = new Set(told.payfast.ledger.map(({ attemptId }) => attemptId))
  for (const { id, status } of attempts) {
    if (!charged.has(id))
      checking.holds(`charges: ${id}`, status !== 'paid', 'counts as paid, and PayFast knows nothing of it')
  }
  const counts = rows<{ id: string; chargeCount: number; paid: number }>(
    'billing',
    `select id, chargeCount, (select count(*) from "ChargeAttempt" a where a.scheduleId = s.id and a.status = 'paid') as paid
     from "RecurringSchedule" s`,
  )
  for (const { id, chargeCount, paid } of counts) same(`charges counted: ${id}`, chargeCount, paid)
}

/** A payer's month ends once in a run; any other charge needs somebody who asked for a higher tier. */
function checkReasons({ told, rows, holds }: Checking): void {
  const owners = new Map(
    rows<{ id: string; userId: string }>('billing', 'select id, userId from "ChargeAttempt"').map((row) => [
      row.id,
      row.userId,
    ]),
  )
  const charges = tally(told.payfast.ledger, ({ attemptId }) => owners.get(attemptId) ?? 'nobody')
  const wishes = tally(told.ledger.tierChanges, ({ userId }) => userId)
  for (const [userId, times] of charges) {
    const most = (userId.startsWith('payer-') ? 1 : 0) + (wishes.get(userId) ?? 0)
    holds(`charged for a reason: ${userId}`, times <= most, `was charged ${times} times, expected at most ${most}`)
  }
}
