import { describe, expect, test } from 'vitest'
import { findEmails, findInId, findPii } from '../../src/pii/find.ts'
import { findAll, findAllInId } from '../../src/pii/find-all.ts'
import { idNumbers } from './values.ts'

const [id = ''] = idNumbers
const where = (text: string) => findPii(text).map(({ kind, start, end, bare }) => [kind, text.slice(start, end), bare])

describe('spans', () => {
  test.each([
    ['escapes belong to the raw span', '{"e":"a\\u0040b.co"}', [['email', 'a\\u0040b.co', false]]],
    ['an escape before a value stays', '"a\\njohn@x.com"', [['email', 'john@x.com', false]]],
    [
      'percent-encoding belongs to the raw span',
      'q=john%40x.com&t=%2B27821234567',
      [
        ['email', 'john%40x.com', false],
        ['phone', '%2B27821234567', false],
      ],
    ],
    ['a JSON number is bare', `{"id": ${id} }`, [['idNumber', id, true]]],
    ['a bare number takes its minus sign along', `[-${id}]`, [['idNumber', `-${id}`, true]]],
    ['a number alone is JSON', id, [['idNumber', id, true]]],
    ['a whole number of floating point is one', `{"id":${id}.0}`, [['idNumber', `${id}.0`, true]]],
    ['also in text', `cell A2: ${id}.0`, [['idNumber', id, false]]],
    ['a fraction is none', `${id}.05 and 1.${id}.0`, []],
    ['a number in a string is not bare', `{"id":"a, ${id}, b"}`, [['idNumber', id, false]]],
    ['a number in broken JSON is not bare', `{"id":${id},}`, [['idNumber', id, false]]],
    ['a number in JSON in a string is not bare', `"{\\"id\\":${id}}"`, [['idNumber', id, false]]],
    ['the longest of overlapping values wins', '0821234567@example.com', [['email', '0821234567@example.com', false]]],
    ['an IPv4-mapped address is one value', '::ffff:10.0.0.1', [['ip', '::ffff:10.0.0.1', false]]],
    [
      'a value after another and a dot is found',
      `0821234567.${id}`,
      [
        ['phone', '0821234567', false],
        ['idNumber', id, false],
      ],
    ],
    [
      'a value that a longer one overlapped is found in what is left',
      'a@b.co_2001:DB8:0:0:8:800:200C:417A',
      [
        ['email', 'a@b.co', false],
        ['ip', '2001:DB8:0:0:8:800:200C:417A', false],
      ],
    ],
    ['quotes of two JSON strings are no quoted local part', '["x", "@h"]', []],
  ] as const)('%s', (_name, text, expected) => {
    expect(where(text)).toEqual(expected)
  })

  test('tokens are neither found nor split', () => {
    expect(findPii('pii:4111111111111111')).toEqual([])
    expect(findPii('x pii:abcdefghij0123456789@example.com')).toEqual([])
    expect(findPii('"a pii:abcdefghij0123456789 "@example.com')).toEqual([])
    expect(where('john@x.compii:abcdefghij0123456789')).toEqual([['email', 'john@x.com', false]])
  })

  test('findEmails leaves digits alone', () => {
    expect(findEmails(`4111111111111111 0821234567 ${id} 10.0.0.1`)).toEqual([])
    expect(findEmails('PROMO-thabo@example.com').map(({ value }) => value)).toEqual(['PROMO-thabo@example.com'])
    expect(findEmails('"a\\u0040b.co"').map(({ value }) => value)).toEqual(['a@b.co'])
  })
})

describe('a megabyte of what searches branch on ends, in time linear in its length', () => {
  const size = 1 << 20
  const filled = (part: string) => part.repeat(Math.floor(size / part.length))
  // Quadratic work on any of these takes minutes and fails by the runner's time limit.
  test.each([
    ...[
      'a',
      '@',
      'a@',
      '1@',
      '.@',
      '"@',
      '1',
      '1 ',
      '00 ',
      '+1 234567 ',
      ':',
      'a:',
      '::',
      '1.',
      '\\',
      '\\\\"',
      '\\u0031',
      '%41',
      '%',
      '"',
    ],
    ...[
      'pii:',
      `pii:${'a'.repeat(41)}`,
      `${id}.`,
      `${id},`,
      '0821234567 ',
      '0821234567-',
      '0821234567.',
      'a@b.co ',
      'é',
      '😀@',
      '"\\"',
      '(',
    ],
    ...[
      ' ',
      `${' '.repeat(30)}${id}`,
      '4111 ',
      '+49301 234567 ',
      '0049 30 1234567 ',
      '1@1.1-',
      'a@--',
      '1:2:',
      'fe80::1 ',
      '\0',
      '\ud800',
    ],
  ])('%j', (part) => {
    const text = filled(part)
    for (const { start, end } of findPii(text)) expect(end > start).toBe(true)
    expect(findPii(`[${text}]`).length).toBeGreaterThanOrEqual(0)
  })

  test('values at both ends of a long text are found', () => {
    const text = `john@x.com ${filled('lorem ipsum ')}${id}`
    expect(findPii(text).map(({ kind }) => kind)).toEqual(['email', 'idNumber'])
  })
})

test('an id is let be where it is like a number, and searched where no id is written so', () => {
  for (const id of ['8001015009087', '4111111111111111', '0821234567', 'GOGGA-7K2M-9XQP', 'clx0u3k9v7q1w', ''])
    expect(findInId(id), id).toEqual([])
  const kinds = (id: string) => findInId(id).map(({ kind }) => kind)
  expect(kinds('+27 82 123 4567')).toEqual(['phone'])
  expect(kinds('41.77.100.101')).toEqual(['ip'])
  expect(kinds('2001:db8::7')).toEqual(['ip'])
  expect(kinds('thabo@example.co.za')).toEqual(['email'])
  expect(kinds('ID 8001015009087')).toEqual(['idNumber'])
})

describe('values written otherwise than they should be', () => {
  test.each([
    ['ID8001015009087', 'idNumber', '8001015009087'],
    ['IDno8001015009087 x', 'idNumber', '8001015009087'],
    ['Cell0825557788', 'phone', '0825557788'],
    ['0825557788Thabo', 'phone', '0825557788'],
    ['card4111111111111111', 'card', '4111111111111111'],
    ['IBANGB82WEST12345698765432', 'iban', 'GB82WEST12345698765432'],
    ['GB 82 WEST 1234 5698 7654 32', 'iban', 'GB 82 WEST 1234 5698 7654 32'],
    ['GB82.WEST.1234.5698.7654.32', 'iban', 'GB82.WEST.1234.5698.7654.32'],
    ['8001015009 087', 'idNumber', '8001015009 087'],
    ['800 101 500 9087', 'idNumber', '800 101 500 9087'],
    ['800101/5009/087', 'idNumber', '800101/5009/087'],
    ['082/555/7788', 'phone', '082/555/7788'],
    ['082_555_7788', 'phone', '082_555_7788'],
    ['08 25 55 77 88', 'phone', '08 25 55 77 88'],
    ['082 555\n7788', 'phone', '082 555\n7788'],
    ['4111.1111.1111.1111', 'card', '4111.1111.1111.1111'],
    ['4111  1111  1111  1111', 'card', '4111  1111  1111  1111'],
    ['4111/1111/1111/1111', 'card', '4111/1111/1111/1111'],
    ['card 4222222222222', 'card', '4222222222222'],
    ['a @ b.co.za', 'email', 'a @ b.co.za'],
    ['thabo@ example.com', 'email', 'thabo@ example.com'],
    ['born 1603155009087', 'idNumber', '1603155009087'],
  ])('%j', (text, kind, value) => {
    expect(findPii(text).map((span) => [span.kind, span.value])).toEqual([[kind, value]])
  })

  test('behind an encoding among words, as it is written there', () => {
    const hex = Buffer.from('lindiwe@example.co.za').toString('hex')
    const base64 = Buffer.from('mail lindiwe@example.co.za now').toString('base64')
    const written = [hex, base64, 'lindiwe\uff20example.co.za', 'lindiwe&#64;example.co.za', 'lindiwe=40example.co.za']
    for (const one of written) {
      const text = `see ${one} end`
      const spans = findAll(text).map(({ kind, value, start, end }) => [kind, value, text.slice(start, end)])
      expect(spans).toEqual([['email', 'lindiwe@example.co.za', one]])
      expect(findAllInId(`${one} `).map(({ kind }) => kind)).toEqual(['email'])
    }
    expect(findAllInId(base64)).toHaveLength(1)
    expect([...findAllInId('8001015009087'), ...findAllInId('cmwr2lmo300000003z8r5be85')]).toEqual([])
  })

  test.each([
    'order 0825557788',
    'Ref: 0825557788',
    'pf payment 4222222222222',
    '{"at":1603155009087}',
    'PF0825557788',
    '0825557788ms',
    '08 12 23 34 45',
    '082\n555\n7788',
    '0591234567',
    'bought @ example.com',
    '01/02/2026 10:30',
    'cafe0825557788',
  ])('but nothing in %j', (text) => {
    expect(findPii(text)).toEqual([])
  })
})
