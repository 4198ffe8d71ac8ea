import { BlockList } from 'node:net'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { PAYFAST_SOURCES, readItn, sourceList, verifyItn } from '../../src/payfast/itn.ts'
import { formSignature, urlencode } from '../../src/payfast/signature.ts'
import { type PayfastServer, startPayfast } from '../helpers/payfast-server.ts'
import { PUBLISHED_ITNS } from './published.ts'

const runs = { seed: 20261122, numRuns: 200 }
const merchant = { id: '10000100', key: '46f0cd694581a', passphrase: 'wag-’n-bietjie & ~' }
const here = { merchant, sourceAddress: '197.97.145.150', sources: PAYFAST_SOURCES }

let payfast: PayfastServer
beforeAll(async () => {
  payfast = await startPayfast({ merchant })
})
afterAll(() => payfast[Symbol.asyncDispose]())

const verify = (body: string, change: Partial<typeof here> = {}) => verifyItn(readItn(body), { ...here, ...change })
const refusedBy = (at: string) =>
  expect.objectContaining({ name: 'ForbiddenError', errors: [expect.objectContaining({ at })] })

describe('readItn', () => {
  test('reads a notification', () => {
    expect(readItn(payfast.itn({ token: 'token-1' }))).toEqual({
      paymentId: '1089250',
      status: 'COMPLETE',
      kind: 'subscription',
      what: 'JIGGA',
      userId: 'user-1',
      checkoutId: 'checkout-1',
      amountCents: 29_900,
      merchantId: '10000100',
      token: 'token-1',
      email: 'buyer@mail.example',
      fields: expect.arrayContaining([['name_first', 'Test']]),
    })
  })

  test('takes an empty field for a missing one', () => {
    const bare = { custom_str3: '', m_payment_id: undefined, token: '', email_address: undefined }
    const itn = readItn(payfast.itn({ ...bare, custom_str1: 'credit_pack', custom_str2: '200' }))
    expect(itn).toMatchObject({ kind: 'credit_pack', what: '200' })
    expect([itn.userId, itn.checkoutId, itn.token, itn.email]).toEqual([undefined, undefined, undefined, undefined])
  })

  test('splits a field at its first =', () => {
    const { fields } = readItn(payfast.itn().replace(/item_name=[^&]*/, 'item_name=a=b+c'))
    expect(fields).toContainEqual(['item_name', 'a=b c'])
  })

  test('knows a charge of our own by its token', () => {
    const charge = { custom_str1: '', custom_str2: '', custom_str3: '', token: 'token-1', m_payment_id: 'attempt-1' }
    const read = readItn(payfast.itn(charge))
    expect(read).toMatchObject({ kind: 'charge', what: undefined, token: 'token-1', checkoutId: 'attempt-1' })
  })

  test.each([
    ['299.00', 29_900],
    ['1000.00', 100_000],
    ['0.07', 7],
    ['0.00', 0],
    ['19.9', 1_990],
    ['5', 500],
    ['21474836.47', 2_147_483_647],
  ])('reads %s as %d cents', (amount, cents) => {
    expect(readItn(payfast.itn({ amount_gross: amount })).amountCents).toBe(cents)
  })

  test('reads every amount of cents exactly', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2_147_483_647 }), (cents) => {
        const text = `${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, '0')}`
        expect(readItn(payfast.itn({ amount_gross: text })).amountCents).toBe(cents)
      }),
      runs,
    )
  })

  const amounts = [
    '-1.00',
    '1.000',
    '1,00',
    '1e3',
    '21474836.48',
    '99999999999.00',
    'NaN',
    '',
    ' 1.00',
    '.50',
    '1.',
    '+1',
  ]
  test.each([
    ...[...amounts, '0x10', '007.00', '١.00', 'Infinity'].map(
      (text) => ['amount_gross', { amount_gross: text }] as const,
    ),
    ['amount_gross', { amount_gross: undefined }],
    ['pf_payment_id', { pf_payment_id: undefined }],
    ['pf_payment_id', { pf_payment_id: '' }],
    ['payment_status', { payment_status: 'complete' }],
    ['payment_status', { payment_status: undefined }],
    ['merchant_id', { merchant_id: '' }],
    ['custom_str1', { custom_str1: 'gift' }],
    ['custom_str1', { custom_str1: undefined }],
    ['custom_str1', { custom_str1: '', token: 'token-1', m_payment_id: '' }],
    ['custom_str2', { custom_str2: '' }],
  ] as const)('refuses %s of %o', (at, change) => {
    expect(() => readItn(payfast.itn(change))).toThrow(
      expect.objectContaining({ name: 'UsageError', errors: [expect.objectContaining({ at })] }),
    )
  })

  test.each([
    ['nothing', '', 'field 1'],
    ['a repeated field', 'a=1&b=2&a=1', 'a'],
    ['a broken escape', 'a=%zz', 'a'],
    ['half a character', 'a=%C3', 'a'],
    ['a strange name', 'a=1&<script>=1', 'field 2'],
    ['a trailing &', 'a=1&', 'field 2'],
  ])('refuses %s', (_name, body, at) => {
    expect(() => readItn(body)).toThrow(
      expect.objectContaining({ name: 'UsageError', errors: [expect.objectContaining({ at })] }),
    )
  })

  test('names all that is off and no value', () => {
    const secret = 'thandi@mail.example'
    const body = payfast.itn({
      amount_gross: secret,
      payment_status: secret,
      custom_str1: secret,
      merchant_id: undefined,
    })
    const error = caught(() => readItn(body))
    expect(error.errors.map(({ at }) => at).sort()).toEqual([
      ...['amount_gross', 'custom_str1', 'merchant_id', 'payment_status'],
    ])
    expect(JSON.stringify([error, error.message, error.stack])).not.toContain('thandi')
  })
})

interface Caught extends Error {
  errors: { at: string }[]
}

function caught(work: () => unknown): Caught {
  try {
    work()
  } catch (error) {
    return error as Caught
  }
  throw new Error('nothing was thrown')
}

describe('verifyItn', () => {
  test('takes what PayFast signed', () => {
    expect(() => verify(payfast.itn())).not.toThrow()
  })

  test.each(PUBLISHED_ITNS)('takes the published one of $from', ({ fields, passphrase, signature }) => {
    const filled = fields.map(([name, value]) => `${name}=${urlencode(value)}`)
    const body = [...filled, `signature=${signature}`].join('&')
    const by = { id: fields.at(-1)?.[1] ?? '', key: '', ...(passphrase ? { passphrase } : {}) }
    // Not ours to act upon, so read by its fields alone.
    const itn = { ...readItn(payfast.itn()), merchantId: by.id, fields: readFields(body) }
    expect(() => verifyItn(itn, { ...here, merchant: by })).not.toThrow()
    expect(() => verifyItn(itn, { ...here, merchant: { ...by, passphrase: 'other' } })).toThrow(refusedBy('signature'))
  })

  test('takes a signature that leaves the empty fields out', () => {
    const body = payfast.itn().replace(/&signature=.*/, '')
    const signature = formSignature(readFields(body), merchant.passphrase)
    expect(payfast.itn()).not.toContain(signature)
    expect(() => verify(`${body}&signature=${signature}`)).not.toThrow()
  })

  test('takes every text that PayFast may send', () => {
    const value = fc.string({ unit: 'binary' }).map((text) => text.toWellFormed())
    const names = ['item_name', 'item_description', 'custom_str3', 'm_payment_id', 'name_first', 'email_address']
    const fields = fc.record(Object.fromEntries(names.map((name) => [name, value])))
    fc.assert(
      fc.property(fields, (given) => {
        const body = payfast.itn(given)
        expect(() => verify(body)).not.toThrow()
        const itn = readItn(body)
        expect(itn.userId ?? '').toBe(given.custom_str3)
        expect(Object.fromEntries(itn.fields)).toMatchObject(given)
      }),
      runs,
    )
  })

  const names = readFields(
    'm_payment_id&pf_payment_id&payment_status&item_name&amount_gross&amount_fee&amount_net&token',
  )
  const more = readFields(
    'custom_str1&custom_str2&custom_str3&custom_str5&name_first&email_address&signature&custom_int5',
  )
  const changed: Record<string, string> = {
    payment_status: 'FAILED',
    amount_gross: '298.00',
    custom_str1: 'credit_pack',
    signature: '0'.repeat(32),
  }
  test.each([...names, ...more].map(([name]) => name))('refuses a changed %s', (name) => {
    const body = payfast.itn({ token: 'token-1' })
    const tampered = body.replace(new RegExp(`(^|&)(${name})=[^&]*`), `$1$2=${changed[name] ?? '7'}`)
    expect(tampered).not.toBe(body)
    expect(() => verify(tampered)).toThrow(refusedBy('signature'))
  })

  test.each([
    ['another order', (body: string) => body.replace(/^(m_[^&]*)&(pf_[^&]*)/, '$2&$1')],
    ['a field more at the end', (body: string) => `${body}&token=mine`],
    ['a field more in front', (body: string) => `token=mine&${body}`],
    ['a field less', (body: string) => body.replace('&name_first=Test', '')],
    ['an upper-case signature', (body: string) => body.replace(/[^=]*$/, (text) => text.toUpperCase())],
    ['a cut signature', (body: string) => body.slice(0, -1)],
  ])('refuses %s', (_name, tamper) => {
    expect(() => verify(tamper(payfast.itn()))).toThrow(refusedBy('signature'))
  })

  test('refuses another passphrase and none', () => {
    const { id, key } = merchant
    expect(() => verify(payfast.itn(), { merchant: { ...merchant, passphrase: 'x' } })).toThrow(refusedBy('signature'))
    expect(() => verifyItn(readItn(payfast.itn()), { ...here, merchant: { id, key } })).toThrow(refusedBy('signature'))
  })

  test('refuses another merchant, signed or not', () => {
    expect(() => verify(payfast.itn({ merchant_id: '10000101' }))).toThrow(refusedBy('merchant'))
  })

  test.each(['197.97.145.160', '127.0.0.1', '::1', '', 'unknown', '197.97.145.150, 10.0.0.1'])(
    'refuses the source %s',
    (sourceAddress) => {
      expect(() => verify(payfast.itn(), { sourceAddress })).toThrow(refusedBy('source'))
    },
  )

  test('takes sources in each form', () => {
    const list = new BlockList()
    list.addAddress('197.97.145.150')
    for (const sources of [list, sourceList(['197.97.145.150']), ['197.97.145.150']]) {
      const by = { ...here, sources }
      expect(() => verifyItn(readItn(payfast.itn()), by)).not.toThrow()
      expect(() => verifyItn(readItn(payfast.itn()), { ...by, sourceAddress: '10.0.0.1' })).toThrow(refusedBy('source'))
    }
  })
})

/** Names and values of a form; a name alone has an empty value. */
function readFields(body: string) {
  return body.split('&').map((pair) => {
    const [name = '', value = ''] = pair.split('=')
    return [name, decodeURIComponent(value.replaceAll('+', ' '))] as const
  })
}

describe('sourceList', () => {
  test.each([
    ['197.97.145.144', true],
    ['197.97.145.159', true],
    ['197.97.145.143', false],
    ['197.97.145.160', false],
    ['41.74.179.223', true],
    ['102.216.36.15', true],
    ['102.216.36.16', false],
    ['102.216.36.128', true],
    ['144.126.193.139', true],
    ['144.126.193.138', false],
    ['::ffff:144.126.193.139', true],
    ['::ffff:907e:c18b', true],
    ['::ffff:144.126.193.138', false],
    ['::144.126.193.139', false],
    ['0144.126.193.139', false],
  ])('PayFast sends from %s: %s', (address, expected) => {
    expect(sourceList(PAYFAST_SOURCES)(address)).toBe(expected)
  })

  test('knows IPv6 ranges, single addresses and interfaces', () => {
    const isIn = sourceList(['2001:db8::/32', ' fe80::1 ', '10.0.0.7', '192.168.0.0/0'])
    expect(['2001:db8:1::1', 'fe80::1', 'fe80::1%eth0', '10.0.0.7', '9.9.9.9'].map(isIn)).not.toContain(false)
    expect(['2001:db9::1', 'fe80::2', '::1'].map(isIn)).not.toContain(true)
  })

  test('holds nothing when empty', () => {
    expect(sourceList([])('127.0.0.1')).toBe(false)
  })

  test.each(['10.0.0.0/33', '::/129', '10.0.0', '10.0.0.0/', '/8', '', 'payfast.co.za', '10.0.0.0/8/8', '10.0.0.0/-1'])(
    'refuses the range %s',
    (cidr) => {
      expect(() => sourceList(['10.0.0.0/8', cidr])).toThrow(
        expect.objectContaining({ name: 'UsageError', errors: [expect.objectContaining({ at: 'sources.1' })] }),
      )
    },
  )
})
