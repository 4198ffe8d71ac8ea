import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { checkoutFields } from '../../src/payfast/checkout.ts'
import { apiSignature, formSignature, isSameSignature, itnSignature, urlencode } from '../../src/payfast/signature.ts'
import { PUBLISHED_ITNS } from './published.ts'

const runs = { seed: 20261122, numRuns: 300 }
const md5 = (text: string) => createHash('md5').update(text).digest('hex')

describe('urlencode, as PHP', () => {
  test.each([
    ['letters, digits and three marks stay', 'aZ09-_.', 'aZ09-_.'],
    ['a space is a plus', 'a b', 'a+b'],
    ['a plus is escaped', 'a+b', 'a%2Bb'],
    ['a tilde is escaped', '~', '%7E'],
    ['what encodeURIComponent leaves', "!'()*", '%21%27%28%29%2A'],
    ['an accent', 'é', '%C3%A9'],
    ['an emoji', '😀', '%F0%9F%98%80'],
    ['an address', 'https://a.example/x?y=1&z', 'https%3A%2F%2Fa.example%2Fx%3Fy%3D1%26z'],
    ['percent', '100%', '100%25'],
    ['line end and NUL', '\n\0', '%0A%00'],
    ['half a pair becomes the replacement character', '\ud83d', '%EF%BF%BD'],
    ['nothing', '', ''],
  ])('%s', (_name, given, expected) => {
    expect(urlencode(given)).toBe(expected)
  })

  test('is undone by reading a form', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(new URLSearchParams(`x=${urlencode(text)}`).get('x')).toBe(text.toWellFormed())
        expect(urlencode(text)).toMatch(/^(?:[A-Za-z0-9._+-]|%[0-9A-F]{2})*$/)
      }),
      runs,
    )
  })
})

describe('the signature of a form', () => {
  test('fits the published example', () => {
    // payfast-php-sdk, tests/unit/AuthTest.php
    const fields = [
      ['merchant_id', '10028084'],
      ['merchant_key', '4hjoenwbwnuso'],
      ['return_url', 'https://test.com/billing/success'],
      ['cancel_url', 'https://test.com/billing/cancel'],
      ['notify_url', 'https://test.com/payfast/webhook'],
      ['name_first', 'Test'],
      ['name_last', 'Test'],
      ['email_address', 'test@test.com'],
      ['m_payment_id', '5'],
      ['amount', '5.00'],
      ['item_name', 'Test'],
      ['custom_int1', '1'],
      ['custom_int2', '1'],
      ['custom_str1', 'U29tZSBUZXN0IFN0cmluZw'],
      ['custom_str2', 'QW5vdGhlciBUZXN0IFN0cmluZw'],
      ['email_confirmation', '1'],
      ['confirmation_address', 'test@test.test'],
      ['subscription_type', '1'],
      ['billing_date', '2023-01-01'],
      ['recurring_amount', '5'],
      ['frequency', '3'],
      ['cycles', '0'],
    ] as const
    expect(formSignature(fields, 'payfastsandbox')).toBe('3441682c5d8a65486f5b7cc8ce41d146')
    expect(formSignature(fields.toReversed(), 'payfastsandbox')).not.toBe('3441682c5d8a65486f5b7cc8ce41d146')
  })

  test('leaves out empty fields and itself, and ends with the passphrase', () => {
    const fields = [
      ['b', '2 3'],
      ['a', ''],
      ['signature', 'x'],
      ['z', '~'],
    ] as const
    expect(formSignature(fields, 'p w')).toBe(md5('b=2+3&z=%7E&passphrase=p+w'))
    expect(formSignature(fields, undefined)).toBe(md5('b=2+3&z=%7E'))
    expect(formSignature(fields, '')).toBe(md5('b=2+3&z=%7E'))
    expect(itnSignature(fields, 'p w')).toBe(md5('b=2+3&a=&z=%7E&passphrase=p+w'))
  })
})

describe('the signature of a notification', () => {
  test.each(PUBLISHED_ITNS)('fits the published one of $from', ({ fields, passphrase, signature }) => {
    expect(itnSignature(fields, passphrase)).toBe(signature)
    expect(formSignature(fields, passphrase), 'its empty fields are signed').not.toBe(signature)
  })
})

describe('the signature of a call', () => {
  test('sorts all names, the passphrase among them', () => {
    const values = { 'merchant-id': '10000100', version: 'v1', timestamp: '2026-02-01T12:00:01+02:00', amount: '9900' }
    const text =
      'amount=9900&m_payment_id=a-1&merchant-id=10000100&passphrase=p+w&timestamp=2026-02-01T12%3A00%3A01%2B02%3A00&version=v1'
    const all = { ...values, m_payment_id: 'a-1', item_name: '', testing: 'true', signature: 'x' }
    expect(apiSignature(all, 'p w')).toBe(md5(text))
    expect(apiSignature(all, undefined)).toBe(md5(text.replace('passphrase=p+w&', '')))
  })
})

describe('isSameSignature', () => {
  test.each([
    ['abc', 'abc', true],
    ['abc', 'abd', false],
    ['abc', 'ab', false],
    ['', 'abc', false],
    ['é', 'ab', false],
    ['ABC', 'abc', false],
  ])('%s and %s: %s', (given, computed, expected) => {
    expect(isSameSignature(given, computed)).toBe(expected)
  })
})

describe('checkoutFields', () => {
  const merchant = { id: '10000100', key: '46f0cd694581a', passphrase: 'jt7NOE43FZPn' }
  const input = {
    merchant,
    id: 'checkout-1',
    amountCents: 29_900,
    itemName: ' JIGGA, a month ',
    kind: 'subscription',
    what: 'JIGGA',
    userId: 'user-1',
    notifyUrl: 'https://data.example/itn',
    recurring: true,
  } as const

  test('gives the fields in PayFast order and signs them', () => {
    const { signature, ...fields } = checkoutFields(input)
    expect(Object.entries(fields)).toEqual([
      ['merchant_id', '10000100'],
      ['merchant_key', '46f0cd694581a'],
      ['notify_url', 'https://data.example/itn'],
      ['m_payment_id', 'checkout-1'],
      ['amount', '299.00'],
      ['item_name', 'JIGGA, a month'],
      ['custom_str1', 'subscription'],
      ['custom_str2', 'JIGGA'],
      ['custom_str3', 'user-1'],
      ['subscription_type', '2'],
    ])
    const text =
      'merchant_id=10000100&merchant_key=46f0cd694581a&notify_url=https%3A%2F%2Fdata.example%2Fitn&m_payment_id=checkout-1' +
      '&amount=299.00&item_name=JIGGA%2C+a+month&custom_str1=subscription&custom_str2=JIGGA&custom_str3=user-1' +
      '&subscription_type=2&passphrase=jt7NOE43FZPn'
    expect(signature).toBe(md5(text))
  })

  test('puts all three addresses before the payment and asks for no token once off', () => {
    const pack = { kind: 'credit_pack', what: '200', recurring: false, returnUrl: 'https://r.example' } as const
    const fields = checkoutFields({ ...input, ...pack, cancelUrl: 'https://c.example' })
    expect(Object.keys(fields).slice(0, 6)).toEqual([
      ...['merchant_id', 'merchant_key', 'return_url', 'cancel_url', 'notify_url', 'm_payment_id'],
    ])
    expect(fields).not.toHaveProperty('subscription_type')
    expect(fields).toMatchObject({ custom_str1: 'credit_pack', custom_str2: '200' })
  })

  test.each([
    [1, '0.01'],
    [10, '0.10'],
    [100, '1.00'],
    [100_000, '1000.00'],
  ])('writes %d cents as %s', (amountCents, amount) => {
    expect(checkoutFields({ ...input, amountCents }).amount).toBe(amount)
  })

  test.each([
    ['no amount', { amountCents: 0 }, 'amountCents'],
    ['half a cent', { amountCents: 99.5 }, 'amountCents'],
    ['a negative amount', { amountCents: -1 }, 'amountCents'],
    ['no name', { itemName: ' ' }, 'itemName'],
    ['a long id', { id: 'x'.repeat(101) }, 'id'],
  ])('refuses %s', (_name, change, at) => {
    expect(() => checkoutFields({ ...input, ...change })).toThrow(
      expect.objectContaining({ name: 'UsageError', errors: [expect.objectContaining({ at })] }),
    )
  })

  test('refuses a recurring payment without a passphrase', () => {
    const { id, key } = merchant
    expect(() => checkoutFields({ ...input, merchant: { id, key } })).toThrow(/needs the merchant's passphrase/)
    expect(checkoutFields({ ...input, merchant: { id, key }, recurring: false })).toHaveProperty('signature')
  })
})
