// What people do with their own subscription. A change of tier that costs more is charged at once, and comes when it is paid.
import { readSubscription, type SubscriptionView } from '../billing/subscription-view.ts'
import { cancel, requestTierChange } from '../billing/tier-changes.ts'
import type { Tier } from '../billing/tiers.ts'
import type { Answer } from './changes.ts'
import type { Asked } from './requests.ts'
import type { Sagas } from './sagas.ts'

/** Throws NotFoundError, ConflictError with the state and what it allows. */
export const changeTier = (
  { changes }: Sagas,
  { userId, tier }: { readonly userId: string; readonly tier: Tier },
  asked: Asked,
): Promise<Answer<SubscriptionView>> =>
  changes.begin('billing', asked, {
    write(tx, begin) {
      requestTierChange(tx, { userId, tier, actor: userId }, begin)
      return { data: readSubscription(tx, userId, begin.now()) }
    },
  })

/** Ends it with its period. Throws NotFoundError, ConflictError with the state and what it allows. */
export const cancelSubscription = (
  { changes }: Sagas,
  userId: string,
  asked: Asked,
): Promise<Answer<SubscriptionView>> =>
  changes.begin('billing', asked, {
    write(tx, begin) {
      cancel(tx, { userId, actor: userId }, begin)
      return { data: readSubscription(tx, userId, begin.now()) }
    },
  })
