import { expect, test } from 'vitest'
import { createVouchers } from '../../src/admin/new-vouchers.ts'
import {
  claimVoucher,
  findVoucherByCode,
  releasesOf,
  releaseVoucher,
  removeVoucher,
  type Voucher,
  voidVoucher,
} from '../../src/admin/vouchers.ts'
import { openFile } from '../../src/database/clients.ts'
import type { Tx } from '../../src/database/rows.ts'
import { ConflictError, NotFoundError } from '../../src/errors.ts'
import { type OneFile, START, withFile } from '../helpers/one-file.ts'

const LIFE_MS = 1_000
const EXPIRES = new Date(START.getTime() + LIFE_MS)

/** One new voucher. */
async function withVoucher(work: (one: OneFile<'admin'>, voucher: Voucher) => Promise<void>): Promise<void> {
  await withFile('admin', async (one) => {
    const order = { count: 1, type: 'R200', expiresAt: EXPIRES, createdBy: 'maker' } as const
    await one.file.change((tx) => createVouchers(tx, order, one.sources))
    await work(one, one.file.rows.list('Voucher', {})[0] as Voucher)
  })
}

type Step = (tx: Tx<'admin'>, voucher: Voucher, sources: OneFile<'admin'>['sources']) => unknown

const STEPS = {
  claim: (tx, { code }, sources) => claimVoucher(tx, { code, userId: 'u1' }, sources),
  'claim by another': (tx, { code }, sources) => claimVoucher(tx, { code, userId: 'u2' }, sources),
  'claim at its end': (tx, { code }, sources) =>
    claimVoucher(tx, { code, userId: 'u1' }, { ...sources, now: () => EXPIRES }),
  void: (tx, { id }, sources) => voidVoucher(tx, { voucherId: id, actor: 'a1', reason: 'sent twice' }, sources),
  remove: (tx, { id }, sources) => removeVoucher(tx, { voucherId: id, actor: 'a1' }, sources),
  release: (tx, { id }, sources) => releaseVoucher(tx, { voucherId: id, userId: 'u1', reason: 'refused' }, sources),
} as const satisfies Record<string, Step>

type StepName = keyof typeof STEPS

/** By what was done before and what is asked then: the refusal. */
const REFUSED: readonly (readonly [
  before: readonly StepName[],
  asked: StepName,
  error: typeof ConflictError,
  text: RegExp,
])[] = [
  [['claim'], 'claim', ConflictError, /is redeemed already/],
  [['claim'], 'claim by another', ConflictError, /is redeemed already/],
  [['void'], 'claim', ConflictError, /was voided/],
  [[], 'claim at its end', ConflictError, /has expired/],
  [['claim'], 'claim at its end', ConflictError, /is redeemed already/],
  [['remove'], 'claim', NotFoundError, /No voucher has this code/],
  [['claim'], 'void', ConflictError, /is redeemed already/],
  [['void'], 'void', ConflictError, /is voided already/],
  [['remove'], 'void', NotFoundError, /No voucher has this id/],
  [['claim'], 'remove', ConflictError, /is redeemed/],
  [['remove'], 'remove', NotFoundError, /No voucher has this id/],
]

test.each(REFUSED)('after %j, "%s" is refused and changes nothing', async (before, asked, error, text) => {
  await withVoucher(async ({ file, sources }, voucher) => {
    const run = (name: StepName) => file.change((tx) => STEPS[name](tx, voucher, sources))
    for (const name of before) await run(name)
    const state = [file.rows.list('Voucher', {}), file.rows.list('VoucherLog', {})]
    const refusal = await run(asked).then(
      () => undefined,
      (reason: unknown) => reason as Error,
    )
    expect(refusal).toBeInstanceOf(error)
    expect(refusal?.message).toMatch(text)
    expect(refusal?.message).not.toMatch(/u1|u2|a1/)
    expect([file.rows.list('Voucher', {}), file.rows.list('VoucherLog', {})]).toEqual(state)
  })
})

const OPEN = { redeemed: false, redeemedAt: null, redeemedBy: null, userId: null }
const CLAIMED = { redeemed: true, redeemedAt: START, redeemedBy: 'u1', userId: 'u1' }
const VOIDED = { voided: true, voidedAt: START, voidedBy: 'a1', voidReason: 'sent twice' }

/** By what is done: what the row and the log say then. */
const DONE: readonly (readonly [
  steps: readonly StepName[],
  row: Partial<Voucher> | undefined,
  log: readonly object[],
])[] = [
  [['claim'], CLAIMED, [{ action: 'redeemed', actor: 'u1', meta: null }]],
  [
    ['claim', 'release'],
    OPEN,
    [{ action: 'redeemed' }, { action: 'released', actor: 'u1', meta: '{"reason":"refused"}' }],
  ],
  [['claim', 'release', 'release'], OPEN, [{ action: 'redeemed' }, { action: 'released' }]],
  [['claim by another', 'release'], { ...CLAIMED, redeemedBy: 'u2', userId: 'u2' }, [{ action: 'redeemed' }]],
  [['release'], OPEN, []],
  [['remove', 'release'], undefined, [{ action: 'deleted' }]],
  [['void'], VOIDED, [{ action: 'voided', actor: 'a1', meta: null }]],
  [['remove'], undefined, [{ action: 'deleted', actor: 'a1', meta: '{"type":"R200","valueCents":20000}' }]],
  [['void', 'remove'], undefined, [{ action: 'voided' }, { action: 'deleted' }]],
  [
    ['claim', 'release', 'claim by another'],
    { ...CLAIMED, redeemedBy: 'u2', userId: 'u2' },
    [{ action: 'redeemed', actor: 'u1' }, { action: 'released' }, { action: 'redeemed', actor: 'u2' }],
  ],
]

test.each(DONE)('%j leaves the row and its log', async (steps, row, log) => {
  await withVoucher(async ({ file, sources }, voucher) => {
    for (const name of steps) await file.change((tx) => STEPS[name](tx, voucher, sources))
    expect(file.rows.list('Voucher', {})).toEqual(row ? [{ ...voucher, ...row }] : [])
    const created = { action: 'created', actor: 'maker' }
    const all = [created, ...log].map((one) => ({ voucherId: voucher.id, createdAt: START, ...one }))
    expect(file.rows.list('VoucherLog', {})).toMatchObject(all)
    const releases = log.filter((one) => 'action' in one && one.action === 'released')
    expect(releasesOf(file.rows, voucher.id)).toBe(releases.length)
  })
})

test('a step answers with the row as it is then, and a release whether there was a claim', async () => {
  await withVoucher(async ({ file, sources }, voucher) => {
    const run = (name: StepName) => file.change((tx) => STEPS[name](tx, voucher, sources))
    expect(await run('claim')).toEqual(file.rows.find('Voucher', { id: voucher.id }))
    expect([await run('release'), await run('release')]).toEqual([true, false])
    expect(await run('void')).toEqual(file.rows.find('Voucher', { id: voucher.id }))
  })
})

/** By the code as it is kept and as it is typed: whether it is found. */
const CODES: readonly (readonly [kept: string, typed: string, isFound: boolean])[] = [
  ['GOGGA-01AB-CD1V-0XYZ', 'gogga o1ab cdlu oxyz', true],
  ['spring 2024!', 'spring 2024!', true],
  ['spring 2024!', ' spring 2024! ', true],
  ['SPRING-2024', 'spring-2024', true],
  ['GOGGA-OOOO-IIII-LLLL', 'GOGGA-OOOO-IIII-LLLL', true],
  ['GOGGA-OOOO-IIII-LLLL', 'gogga-oooo-iiii-llll', true],
  [' odd ', ' odd ', true],
  ['spring-2024', 'spring-2025', false],
  ['spring-2024', 'spring-202%', false],
  ['spring-2024', '', false],
]

test.each(CODES)('the code "%s" typed as "%s"', async (kept, typed, isFound) => {
  await withVoucher(async ({ file }, voucher) => {
    await file.change((tx) => tx.update('Voucher', { id: voucher.id }, { code: kept }))
    expect(findVoucherByCode(file.rows, typed)?.id).toBe(isFound ? voucher.id : undefined)
  })
})

test('a code that is kept as it is typed comes before one that it could be read as', async () => {
  await withVoucher(async ({ file, sources }, { id }) => {
    const order = { count: 1, type: 'R200', expiresAt: EXPIRES, createdBy: 'maker' } as const
    const [other] = await file.change((tx) => createVouchers(tx, order, sources))
    await file.change((tx) => tx.update('Voucher', { id }, { code: 'GOGGA-OOOO-OOOO-OOOO' }))
    await file.change((tx) => tx.update('Voucher', { id: other?.id ?? '' }, { code: 'GOGGA-0000-0000-0000' }))
    expect(findVoucherByCode(file.rows, 'GOGGA-OOOO-OOOO-OOOO')?.id).toBe(id)
    expect(findVoucherByCode(file.rows, 'GOGGA-0000-0000-0000')?.id).toBe(other?.id)
  })
})

test('of many who race for one code, through two connections, one wins', async () => {
  await withVoucher(async ({ file, sources }, { id, code }) => {
    await using second = await openFile('admin', file.path, { busyTimeoutMs: 10_000, cacheMb: 4 })
    const racers = Array.from({ length: 20 }, (_, at) => {
      const [on, userId] = [at % 2 === 0 ? file : second, `u${at}`]
      return on.change((tx) => claimVoucher(tx, { code, userId }, sources)).then(() => userId)
    })
    const outcomes = await Promise.allSettled(racers)
    const winners = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))
    const errors = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as Error] : []))
    expect(winners).toHaveLength(1)
    expect(new Set(errors.map((error) => error.message))).toEqual(new Set(['This voucher is redeemed already']))
    expect(file.rows.find('Voucher', { id })).toMatchObject({ redeemedBy: winners[0], userId: winners[0] })
    expect(file.rows.list('VoucherLog', { action: 'redeemed' })).toMatchObject([{ actor: winners[0] }])
  })
})
