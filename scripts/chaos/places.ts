// Every named place of src/saga where a kill is worth its while, and the work that leads there. A place that a server
// reaches and that is not here makes the run fail, so the list stays whole.
export type Work =
  | 'newcomer'
  | 'again'
  | 'spend'
  | 'tier-voucher'
  | 'two-vouchers'
  | 'pay-tier'
  | 'pay-pack'
  | 'cancel'
  | 'change-tier'
  | 'override'
  | 'adjust'
  | 'roles'
  | 'look-up'
  | 'race'
  | 'withdraw'
  | 'batch'
  | 'forge'

/** Where nothing but time leads: charges. */
type Cause = Work | 'time'

export const PLACES: Readonly<Record<string, Cause>> = {
  'POST /v1/auth/login-tokens:committed': 'newcomer',
  'POST /v1/auth/sessions:committed': 'newcomer',
  'user-created:before-delivery': 'newcomer',
  'user-created:delivered': 'newcomer',
  'POST /v1/usage:committed': 'spend',
  'POST /v1/me/checkouts:committed': 'pay-pack',
  'notification:committed': 'pay-pack',
  'POST /v1/me/subscription/tier:committed': 'change-tier',
  'POST /v1/me/subscription/cancellation:committed': 'cancel',
  'POST /v1/me/redemptions:committed': 'race',
  'voucher-redeemed:before-delivery': 'tier-voucher',
  'voucher-redeemed:delivered': 'race',
  'voucher-noted:before-delivery': 'race',
  'voucher-noted:delivered': 'tier-voucher',
  'voucher-redeemed:refused': 'two-vouchers',
  'voucher-refused:before-delivery': 'two-vouchers',
  'voucher-refused:delivered': 'two-vouchers',
  'POST /v1/vouchers:committed': 'withdraw',
  'POST /v1/voucher-batches:committed': 'batch',
  'POST /v1/vouchers/:id/void:committed': 'withdraw',
  'DELETE /v1/vouchers/:id:committed': 'withdraw',
  'POST /v1/users/:id/tier-overrides:committed': 'override',
  'POST /v1/users/:id/credit-adjustments:committed': 'adjust',
  'POST /v1/users/:id/roles:committed': 'roles',
  'POST /v1/user-lookups:committed': 'look-up',
  'admin-acted:before-delivery': 'adjust',
  'admin-acted:delivered': 'look-up',
  'charge:begun': 'time',
  'charge:answered': 'time',
  'charge:settled': 'time',
  'charge:looked-up': 'time',
}

export const PLACE_NAMES: readonly string[] = Object.keys(PLACES)
