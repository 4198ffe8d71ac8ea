// Every change of the application as an act that a test runs in its own process or in one that is killed: what must be
// there before, the change under a fixed idempotency key, and the places that it reaches on its way.
import type { Context } from '../../src/context.ts'
import { issueLoginToken } from '../../src/identity/login-tokens.ts'
import type { Itn } from '../../src/payfast/itn.ts'
import { adjustCredits, changeRoles, lookUpUser, overrideTier } from '../../src/saga/administer.ts'
import { correctSubject } from '../../src/saga/correct-subject.ts'
import { eraseSubject } from '../../src/saga/erase-subject.ts'
import { issueVouchers, removeIssued, voidIssued } from '../../src/saga/issue-vouchers.ts'
import { cancelSubscription, changeTier } from '../../src/saga/manage-subscription.ts'
import { checkOut, receiveNotification } from '../../src/saga/payments.ts'
import { redeemVoucher } from '../../src/saga/redeem-voucher.ts'
import { liftSubject, restrictSubject } from '../../src/saga/restrict-subject.ts'
import { requestLogin, signIn } from '../../src/saga/sign-in.ts'
import { useCredits } from '../../src/saga/use-credits.ts'
import { ADMIN, addPeople, addVouchers, asked, codeOf, DAY, NOW } from './people.ts'

export interface Act {
  /** In the order in which they are reached. */
  readonly places: readonly string[]
  /** How many ids it draws: each a place inside a transaction. */
  readonly ids: number
  /** Gives what `run` needs besides the files. */
  before(context: Context): Promise<string>
  run(context: Context, given: string): Promise<unknown>
  /** Happens at a place that is reached, from outside. */
  readonly meanwhile?: (context: Context, place: string) => void
}

const request = (body: object) => asked('POST /v1/act', body, { key: 'the-key', keyId: 'service' })
const COMMITTED = 'POST /v1/act:committed'
const carried = (type: string): string[] => [`${type}:before-delivery`, `${type}:delivered`]
const LOGGED = [COMMITTED, ...carried('admin-acted')]

const ann = async (context: Context): Promise<string> => {
  await addPeople(context, 'ann')
  await overrideTier(context.sagas, ADMIN, { userId: 'ann', tier: 'FREE', reason: 'x' }, asked('POST /v1/before'))
  return 'ann'
}

const annWithVoucher = (type: string) => async (context: Context) => {
  await ann(context)
  await addVouchers(context, type, 'v1')
  return codeOf('v1')
}

const scheduled = async (context: Context): Promise<string> => {
  await ann(context)
  await receiveNotification(context.sagas, itn({ token: 'agreement' }))
  return 'ann'
}

const itn = (more: Partial<Itn> = {}): Itn =>
  ({
    ...{ paymentId: 'pf-1', status: 'COMPLETE', userId: 'ann', checkoutId: undefined, amountCents: 9_900 },
    ...{ merchantId: '10000100', token: undefined, email: 'ann@mail.example', fields: [] },
    ...{ kind: 'subscription', what: 'JIVE' },
    ...more,
  }) as Itn

const redeem = ({ sagas }: Context, code: string) =>
  redeemVoucher(sagas, { code, userId: 'ann' }, request({ code, userId: 'ann' }))

export const ACTS: Readonly<Record<string, Act>> = {
  'redeem a pack': {
    places: [COMMITTED, ...carried('voucher-redeemed'), ...carried('voucher-noted')],
    ids: 4,
    before: annWithVoucher('R200'),
    run: redeem,
  },
  'redeem a month': {
    places: [COMMITTED, ...carried('voucher-redeemed'), ...carried('voucher-noted')],
    ids: 3,
    before: annWithVoucher('JIVE_1MONTH'),
    run: redeem,
  },
  'redeem in vain': {
    places: [COMMITTED, 'voucher-redeemed:before-delivery', 'voucher-redeemed:refused', ...carried('voucher-refused')],
    ids: 2,
    before: annWithVoucher('JIVE_1MONTH'),
    run: redeem,
    meanwhile({ files }, place) {
      if (place !== COMMITTED) return
      const until = new Date(NOW.getTime() + 20 * DAY).toISOString().replace('Z', '+00:00')
      files.billing.connections.writer
        .prepare(`update "Subscription" set tier = 'JIGGA', status = 'active', nextBilling = ? where userId = 'ann'`)
        .run(until)
    },
  },
  'sign in for the first time': {
    places: [COMMITTED, ...carried('user-created')],
    ids: 4,
    async before({ files, sagas }) {
      const sources = { ...sagas, newId: () => 'login-token' } // The new user's id follows from it.
      const { token } = await files.identity.change((tx) => issueLoginToken(tx, { email: 'new@mail.example' }, sources))
      return token
    },
    run: ({ sagas }, token) => signIn(sagas, { token, ip: '196.25.1.7' }, request({ token })),
  },
  'ask for a login token': {
    places: [COMMITTED],
    ids: 3,
    before: ann,
    run: ({ sagas, mailer }) =>
      requestLogin(sagas, mailer, { email: 'ann@mail.example', ip: '196.25.1.7' }, request({ email: 'ann' })),
  },
  'override a tier': {
    places: LOGGED,
    ids: 2,
    before: ann,
    run: ({ sagas }) =>
      overrideTier(sagas, ADMIN, { userId: 'ann', tier: 'JIGGA', reason: 'ask thabo@mail.example' }, request({})),
  },
  'adjust credits': {
    places: LOGGED,
    ids: 2,
    before: ann,
    run: ({ sagas }) => adjustCredits(sagas, ADMIN, { userId: 'ann', credits: 500, reason: 'sorry' }, request({})),
  },
  'change roles': {
    places: LOGGED,
    ids: 0,
    before: ann,
    run: ({ sagas }) => changeRoles(sagas, ADMIN, { userId: 'ann', isAdmin: true }, request({})),
  },
  'look a user up': {
    places: LOGGED,
    ids: 0,
    before: ann,
    run: ({ sagas }) => lookUpUser(sagas, ADMIN, 'ann@mail.example', request({})),
  },
  'issue a batch': {
    places: [COMMITTED],
    ids: 8,
    before: ann,
    run: ({ sagas }) =>
      issueVouchers(sagas, ADMIN, { type: 'R500', count: 3, expiresAt: new Date(NOW.getTime() + DAY) }, request({})),
  },
  'void a voucher': {
    places: [COMMITTED],
    ids: 2,
    before: annWithVoucher('R200'),
    run: ({ sagas }) => voidIssued(sagas, ADMIN, { voucherId: 'v1', reason: 'lost by 082 555 1234' }, request({})),
  },
  'remove a voucher': {
    places: [COMMITTED],
    ids: 2,
    before: annWithVoucher('R200'),
    run: ({ sagas }) => removeIssued(sagas, ADMIN, 'v1', request({})),
  },
  'use images': {
    places: [COMMITTED],
    ids: 0,
    before: ann,
    run: ({ sagas }) => useCredits(sagas, { userId: 'ann', credits: 0, images: 7 }, request({})),
  },
  'check out': {
    places: [COMMITTED],
    ids: 1,
    before: ann,
    run: ({ sagas, config }) =>
      checkOut(sagas, config, { userId: 'ann', kind: 'credit_pack', what: '200' }, request({})),
  },
  'take a payment': {
    places: ['notification:committed'],
    ids: 3,
    before: ann,
    run: ({ sagas }) => receiveNotification(sagas, itn({ token: 'agreement' })),
  },
  'change the tier': {
    places: [COMMITTED],
    ids: 0,
    before: scheduled,
    run: ({ sagas }) => changeTier(sagas, { userId: 'ann', tier: 'JIGGA' }, request({})),
  },
  'erase a subject': {
    places: [COMMITTED, ...carried('subject-erased-billing'), ...carried('subject-erased-admin')],
    ids: 1,
    before: scheduled,
    run: ({ sagas }) => eraseSubject(sagas, { subjectId: 'ann', askedBy: 'service' }, request({})),
  },
  'restrict a subject': {
    places: [COMMITTED, ...carried('subject-restricted')],
    ids: 1,
    before: scheduled,
    run: ({ sagas }) => restrictSubject(sagas, { subjectId: 'ann', kind: 'restricted' }, request({})),
  },
  'lift a restriction': {
    places: [COMMITTED, ...carried('restriction-lifted')],
    ids: 0,
    async before(context) {
      await scheduled(context)
      await restrictSubject(context.sagas, { subjectId: 'ann', kind: 'objected' }, asked('POST /v1/before'))
      return 'ann'
    },
    run: ({ sagas }) => liftSubject(sagas, 'ann', request({})),
  },
  'correct an email': {
    places: [COMMITTED],
    ids: 1,
    before: ann,
    run: ({ sagas }) => correctSubject(sagas, { subjectId: 'ann', email: 'anne@mail.example' }, request({})),
  },
  cancel: {
    places: [COMMITTED],
    ids: 1,
    before: scheduled,
    run: ({ sagas }) => cancelSubscription(sagas, 'ann', request({})),
  },
}
