// A small model of a subscription and its credits, written apart from src/billing: months are counted from the start of
// the period, credits lie in a list of packs and a rest. Every function says whether it may happen.
import { DAY, START } from './world.ts'

export type PaidTier = 'JIVE' | 'JIGGA'
type Tier = 'FREE' | PaidTier

export const TERMS = {
  FREE: { rank: 0, credits: 0, images: 50 },
  JIVE: { rank: 1, credits: 500_000, images: 200 },
  JIGGA: { rank: 2, credits: 2_000_000, images: 1_000 },
} as const
export const PACK_CREDITS = { '200': 50_000, '500': 150_000, '1000': 350_000 } as const

interface Schedule {
  tier: Tier
  due: number
  isActive: boolean
  fails: number
  count: number
}

export interface ModelAttempt {
  tier: PaidTier
  schedule: Schedule
  state: 'open' | 'failed' | 'paid'
}

export type Model = ReturnType<typeof createModel>

/** Months after `start`, by counting days of the calendar. */
export function monthsAfter(start: number, months: number): number {
  const from = new Date(start)
  const [year, month] = [from.getUTCFullYear(), from.getUTCMonth() + months]
  const lastDay = new Date(Date.UTC(year, month + 1, 0)).getUTCDate()
  return Date.UTC(year, month, Math.min(from.getUTCDate(), lastDay)) + (start % DAY)
}

export function createModel() {
  const packs: { expires: number; left: number }[] = []
  const s = {
    now: START.getTime(),
    tier: 'FREE' as Tier,
    status: 'active' as 'active' | 'past_due' | 'cancelled' | 'expired',
    start: START.getTime(),
    /** Paid months since `start`; 0 where nothing is paid. */
    months: 0,
    /** The month whose allowance is in use, counted from `start`. */
    month: 0,
    next: null as PaidTier | null,
    used: 0,
    images: 0,
    loose: 0,
    schedule: undefined as Schedule | undefined,
    attempt: undefined as ModelAttempt | undefined,
  }
  const end = () => monthsAfter(s.start, s.months)
  const rank = (tier: Tier) => TERMS[tier].rank
  const scheduled = () => (s.schedule?.isActive ? s.schedule : undefined)
  const isOpen = () => s.attempt?.state === 'open'

  function beginMonth(month: number): void {
    if (month > s.month) Object.assign(s, { month, used: 0, images: 0 })
  }
  /** The months that have begun, as far as they are paid. */
  function countMonths(): void {
    while (monthsAfter(s.start, s.month + 1) <= s.now && (s.tier === 'FREE' || s.month + 1 < s.months))
      beginMonth(s.month + 1)
  }
  function expire(): void {
    Object.assign(s, { tier: 'FREE', status: 'expired', next: null, used: 0, images: 0, month: s.months, months: 0 })
    countMonths()
  }
  function tick(now: number): void {
    s.now = now
    for (const pack of packs) if (pack.expires <= now) pack.left = 0
    const isEnding = s.status === 'cancelled' || (s.status === 'active' && s.tier !== 'FREE' && !scheduled())
    if (isEnding && end() <= now) expire()
    countMonths()
  }
  function newPeriod(months: 0 | 1): void {
    Object.assign(s, { start: s.now, months, month: 0, used: 0, images: 0, next: null })
  }
  /** What a month may change: whether an upgrade that was asked for is still to be charged, and the charge's tier. */
  const turn = () => ({
    isOutOfTurn: s.status === 'active' && scheduled()?.due !== (s.tier === 'FREE' ? undefined : end()),
    planned: `${s.tier} ${s.next}`,
  })
  function align(before: ReturnType<typeof turn>): void {
    const schedule = scheduled()
    if (!schedule || (s.next && rank(s.next) > rank(s.tier) && before.isOutOfTurn)) return
    const isOther = before.planned !== turn().planned
    Object.assign(schedule, { due: end(), fails: 0 }, isOther ? { tier: s.next ?? s.tier } : {})
  }
  function giveMonth(tier: PaidTier): void {
    const isPlanned = s.next === tier && rank(tier) < rank(s.tier) && (s.status === 'active' || s.status === 'past_due')
    const goesOn = s.tier === tier || isPlanned
    s.tier = tier
    if (!goesOn) {
      newPeriod(1)
      return
    }
    if (s.next === tier) s.next = null
    const wasOver = end() <= s.now
    s.months += 1
    if (!wasOver) return
    if (end() > s.now) beginMonth(s.months - 1)
    else {
      const { next } = s
      newPeriod(1)
      s.next = next
    }
  }
  function stopCharges(): void {
    const schedule = scheduled()
    if (schedule) schedule.isActive = false
  }
  /** A lower tier takes over by the agreement that is for it, and only when that one's time has come. */
  function isOvertaken(tier: PaidTier, agreement: Schedule | undefined): boolean {
    const isItsTime = agreement?.isActive && agreement.tier === tier && (agreement.due <= s.now || end() <= s.now)
    return rank(tier) < rank(s.tier) && !isItsTime
  }
  const total = () => packs.reduce((sum, { left }) => sum + left, s.loose)
  const byExpiry = () => packs.sort((one, other) => one.expires - other.expires)
  function takeFromPacks(credits: number): number {
    let missing = credits
    for (const pack of byExpiry()) {
      const taken = Math.min(pack.left, missing)
      pack.left -= taken
      missing -= taken
    }
    return missing
  }
  const allowance = () => Math.max(0, TERMS[s.tier].credits - s.used)
  const imagesLeft = () => Math.max(0, TERMS[s.tier].images - s.images)

  return {
    tick,
    activate(tier: PaidTier, hasToken: boolean): boolean {
      // Every agreement of these lives has the same token.
      if (isOvertaken(tier, hasToken ? scheduled() : undefined)) return true
      const before = turn()
      giveMonth(tier)
      s.status = 'active'
      if (hasToken) {
        stopCharges()
        s.next = null
        s.schedule = { tier, due: end(), isActive: true, fails: 0, count: 0 }
      } else align(before)
      return true
    },
    change(tier: Tier): boolean {
      const schedule = scheduled()
      if (tier === 'FREE' || !schedule || s.status !== 'active' || isOpen()) return false
      if (tier === s.tier && !s.next) return false
      if (tier === s.next) return true
      s.next = tier === s.tier ? null : tier
      Object.assign(schedule, { tier, due: rank(tier) > rank(s.tier) ? s.now : end() })
      return true
    },
    cancel(): boolean {
      if (s.tier === 'FREE' || (s.status !== 'active' && s.status !== 'past_due')) return false
      stopCharges()
      Object.assign(s, { status: 'cancelled', next: null })
      return true
    },
    override(tier: Tier): boolean {
      const isRunning = s.tier !== 'FREE' && end() > s.now
      if (tier === 'FREE' ? s.tier !== 'FREE' : !isRunning) newPeriod(tier === 'FREE' ? 0 : 1)
      if (tier === 'FREE') stopCharges()
      const schedule = scheduled()
      // The agreed charge stays, and brings its tier back.
      const next = schedule && schedule.tier !== tier ? schedule.tier : null
      Object.assign(s, { tier, status: 'active', next })
      if (schedule) Object.assign(schedule, { due: end(), fails: 0 })
      return true
    },
    spend(credits: number, images: number): boolean {
      if (credits > allowance() + total() || images > imagesLeft()) return false
      const fromAllowance = Math.min(credits, allowance())
      s.used += fromAllowance
      s.images += images
      s.loose -= takeFromPacks(credits - fromAllowance)
      return true
    },
    pack(size: keyof typeof PACK_CREDITS): boolean {
      packs.push({ expires: monthsAfter(s.now, 12), left: PACK_CREDITS[size] })
      return true
    },
    adjust(credits: number): boolean {
      if (total() + credits < 0) return false
      const fromLoose = Math.max(credits, -s.loose)
      s.loose += fromLoose
      takeFromPacks(fromLoose - credits)
      return true
    },
    /** Undefined where nothing may be charged. */
    begin(): ModelAttempt | undefined {
      const schedule = scheduled()
      if (!schedule || schedule.due > s.now || isOpen()) return undefined
      s.attempt = { tier: schedule.tier as PaidTier, schedule, state: 'open' }
      return s.attempt
    },
    paid(attempt: ModelAttempt): boolean {
      if (attempt.state === 'paid') return true
      attempt.state = 'paid'
      const { schedule, tier } = attempt
      const isLate = isOvertaken(tier, schedule)
      schedule.count += 1
      if (schedule.count >= 12) schedule.isActive = false
      if (!isLate) {
        const before = turn()
        giveMonth(tier)
        if (s.status !== 'cancelled') {
          s.status = 'active'
          align(before)
        }
      }
      return true
    },
    refused(attempt: ModelAttempt): boolean {
      if (attempt.state !== 'open') return true
      attempt.state = 'failed'
      const { schedule } = attempt
      if (!schedule.isActive || schedule.due > s.now) return true
      if (s.next && rank(s.next) > rank(s.tier) && turn().isOutOfTurn) {
        s.next = null
        Object.assign(schedule, { tier: s.tier, due: end() })
        return true
      }
      schedule.fails += 1
      s.status = 'past_due'
      schedule.due = s.now + ([1, 3, 5][schedule.fails - 1] ?? 0) * DAY
      if (schedule.fails <= 3) return true
      schedule.isActive = false
      expire()
      return true
    },
    lost(attempt: ModelAttempt): boolean {
      if (attempt.state === 'open') attempt.state = 'failed'
      return true
    },
    /** As it is seen. */
    get state() {
      const left = new Map<number, number>()
      for (const pack of byExpiry())
        if (pack.left > 0) left.set(pack.expires, (left.get(pack.expires) ?? 0) + pack.left)
      const schedule = scheduled()
      return {
        tier: s.tier,
        status: s.status,
        nextTier: s.next,
        nextBilling: s.tier === 'FREE' ? null : end(),
        resetsAt: monthsAfter(s.start, s.month + 1),
        monthlyCreditsLeft: allowance(),
        packCredits: total(),
        imagesLeft: imagesLeft(),
        packs: [...left],
        schedule: schedule && { tier: schedule.tier, due: schedule.due, fails: schedule.fails, count: schedule.count },
      }
    },
  }
}
