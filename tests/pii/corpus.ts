/** Labelled texts: every kind of value in every context that free text has, and texts that only look like it. */
import type { PiiKind } from '../../src/pii/find.ts'
import { cards, emails, idNumbers, phones, valuesOf, withCheckDigit } from './values.ts'

export interface Labelled {
  name: string
  text: string
  expected: readonly { kind: PiiKind; value: string }[]
}

export const escaped = (value: string) =>
  [...value].map((char) => (/[@+:.]/.test(char) ? `\\u00${char.charCodeAt(0).toString(16)}` : char)).join('')

/** `value` appears once in each; the text around it holds nothing personal. */
export const contexts: Readonly<Record<string, (value: string) => string>> = {
  alone: (value) => value,
  sentence: (value) => `Voucher for ${value} was voided`,
  'end of sentence': (value) => `Sent to ${value}.`,
  'question, exclamation': (value) => `Was it ${value}?! Yes`,
  comma: (value) => `a, ${value}, b`,
  semicolons: (value) => `a;${value};b`,
  brackets: (value) => `support (${value}) called`,
  'square brackets': (value) => `[${value}]`,
  angles: (value) => `Thabo <${value}> wrote`,
  quotes: (value) => `said "${value}" twice`,
  apostrophes: (value) => `said '${value}' twice`,
  'curly quotes': (value) => `said “${value}” twice`,
  pipes: (value) => `a|${value}|b`,
  key: (value) => `contact=${value}&tier=JIVE`,
  'key colon': (value) => `customer: ${value}`,
  'tight colon': (value) => `customer:${value}`,
  mailto: (value) => `mailto:${value}?x`,
  lines: (value) => `first\n${value}\r\nlast`,
  tabs: (value) => `a\t${value}\tb`,
  'no-break space': (value) => `a\u00a0${value}\u00a0b`,
  NUL: (value) => `\0${value}\0`,
  'lone surrogate': (value) => `\ud800 ${value} \udc00`,
  emoji: (value) => `😀${value}😀`,
  JSON: (value) => JSON.stringify({ tier: 'JIVE', contact: value, amount: 9900 }),
  'JSON with breaks': (value) => JSON.stringify({ note: `line\n${value}\tend` }),
  'JSON key': (value) => JSON.stringify({ [value]: true }),
  'JSON list': (value) => JSON.stringify(['a', value, 'b'], null, 2),
  'JSON quotes': (value) => JSON.stringify({ note: `wrote "${value}"` }),
  'JSON in JSON': (value) => JSON.stringify({ meta: JSON.stringify({ note: `a\n${value}` }) }),
  'JSON in JSON in JSON': (value) => JSON.stringify(JSON.stringify({ meta: JSON.stringify({ note: `a\n${value}` }) })),
  'JSON with \\u': (value) => `{"note":"${escaped(value)}"}`,
  'JSON with \\/': (value) => `{"note":"a\\/${value}\\/b"}`,
  'JSON cut off': (value) => `{"tier":"JIVE","contact":"${value}`,
  'JSON cut in an escape': (value) => `{"note":"x\\n${value}\\u00`,
  'JSON without quotes': (value) => `{contact: ${value}, tier: JIVE}`,
  'Python repr': (value) => `{'contact': '${value}', 'ok': True}`,
  'trailing comma': (value) => `{"contact":"${value}",}`,
  'percent-encoded': (value) => `https://example.com/?q=${encodeURIComponent(value)}&tier=JIVE`,
  'after a token': (value) => `pii:0123456789abcdefghij ${value}`,
  'before a token': (value) => `${value} pii:0123456789abcdefghij`,
  'Windows path': (value) => `C:\\users\\${value}\\x`,
  XML: (value) => `<contact>${value}</contact>`,
}

export const positives: readonly Labelled[] = (Object.keys(valuesOf) as PiiKind[]).flatMap((kind) =>
  valuesOf[kind].flatMap((value) =>
    Object.entries(contexts).map(([name, context]) => ({
      name: `${kind} ${name}`,
      text: context(value),
      expected: [{ kind, value }],
    })),
  ),
)

const one = (kind: PiiKind, value: string) => ({ kind, value })
const [email = '', otherEmail = ''] = emails
const [phone = ''] = phones
const [id = ''] = idNumbers
const [card = ''] = cards

/** Several values in one text, and values that only whole handling gets right. */
export const mixed: readonly Labelled[] = [
  { text: `${phone} ${id}`, expected: [one('phone', phone), one('idNumber', id)] },
  { text: `${id} ${card}`, expected: [one('idNumber', id), one('card', card)] },
  { text: `082 123 4567 ${id}`, expected: [one('phone', '082 123 4567'), one('idNumber', id)] },
  { text: `${email},${otherEmail}`, expected: [one('email', email), one('email', otherEmail)] },
  { text: `${email};${phone}|10.0.0.1`, expected: [one('email', email), one('phone', phone), one('ip', '10.0.0.1')] },
  { text: `from 10.0.0.1:8080 to 10.0.0.2/24`, expected: [one('ip', '10.0.0.1'), one('ip', '10.0.0.2')] },
  { text: '[2001:db8::1]:443', expected: [one('ip', '2001:db8::1')] },
  { text: '2001:db8::/32', expected: [one('ip', '2001:db8::')] },
  { text: 'ip6:2001:db8::7', expected: [one('ip', '2001:db8::7')] },
  { text: '::1.', expected: [one('ip', '::1')] },
  { text: '"john doe"@example.com', expected: [one('email', '"john doe"@example.com')] },
  { text: '{"a":"say hi\\"@example.com"}', expected: [] },
  { text: '{"a":"\\"j d\\"@example.com"}', expected: [one('email', '"j d"@example.com')] },
  { text: 'john@[10.0.0.1]', expected: [one('email', 'john@[10.0.0.1]')] },
  { text: 'a@example.com@example.org', expected: [one('email', 'a@example.com@example.org')] },
  {
    text: '*john@example.com* and ~~x@example.com~~',
    expected: [one('email', 'john@example.com'), one('email', 'x@example.com')],
  },
  { text: '"a\\njohn@x.com"', expected: [one('email', 'john@x.com')] },
  { text: '\\"john@x.com\\"', expected: [one('email', 'john@x.com')] },
  { text: 'DOMAIN\\john@x.com', expected: [one('email', 'john@x.com')] },
  { text: `{"id":${id}}`, expected: [one('idNumber', id)] },
  { text: '0821234567+14155552671', expected: [one('phone', '0821234567'), one('phone', '+14155552671')] },
  { text: 'tel:+27821234567', expected: [one('phone', '+27821234567')] },
  { text: `ref-${id}-x`, expected: [one('idNumber', id)] },
  { text: `user_${phone}_x`, expected: [one('phone', phone)] },
].map((item) => ({ name: `mixed ${JSON.stringify(item.text)}`, ...item }))

const hex = (seed: number, length: number) => {
  let state = seed * 2654435761
  return Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return (state >>> 28).toString(16)
  }).join('')
}
const uuidOf = (seed: number) => hex(seed, 32).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
const wrong = (value: string) => value.slice(0, -1) + ((Number(value.slice(-1)) + 1) % 10)
const range = (length: number) => Array.from({ length }, (_, n) => n)

/** Texts that must give nothing, by what they look like. */
const lookalikes: Readonly<Record<string, readonly string[]>> = {
  'ids and hashes': [
    ...range(30).map((n) => uuidOf(n + 1)),
    ...range(20).map((n) => `c${hex(n + 50, 24)}`),
    ...range(20).map((n) => hex(n + 90, 64)),
    ...range(10).map((n) => `{"id":"cmb7${hex(n + 120, 20)}","hash":"${hex(n + 150, 40)}"}`),
    ...[
      'cmb7xq0p40000abcdefghijk',
      'clh1a2b3c0821234567d4e5f6',
      'sha256:4111111111111111abcdef',
      'a0821234567',
      '0821234567b',
    ],
    ...[
      'abcdefab-0049-3090-1820-abcdefabcdef',
      '12345678-1234-1234-1234-123456789012',
      '00278212-3456-7123-4567-082123456789',
      '41111111-1111-1111-8111-111111111111',
    ],
    ...[
      'pii:0821234567000000',
      'pii:4111111111111111',
      'pii:8001015009087000aa',
      'xpii:4111111111111111',
      '[pii:0027821234567000,pii:abcdefghij0123456789]',
    ],
    ...[
      'ABCD-1234-EF56-7890',
      'GB29NWBK60161331926818',
      'DE89370400440532013000x',
      'XX89370400440532013000',
      'tok_4111111111111111a',
      'x8001015009087',
      '8001015009087x',
    ],
  ],
  times: [
    ...[
      '2026-11-22T18:22:19.876Z',
      '2026-11-22T18:22:19.876+00:00',
      '2026-11-22 18:22:19',
      '20261122T182219Z',
      '20261122182219',
    ],
    ...[
      '12:34:56',
      '12:34:56.789',
      '00:00',
      '23:59:59',
      '+02:00',
      '01-02-2026 10:30',
      '01/02/2026 10:30:00',
      '2026/11/22',
      '08.12.2026',
    ],
    ...[
      '1763836940',
      '1763836939876',
      '1700000000000',
      '1599999999999',
      '1850000000001',
      '{"at":1763836939876}',
      '{"at":1763836940}',
    ],
    ...range(20).map((n) => String(1763836939876 + n * 7919)),
    ...range(20).map((n) => `{"createdAt":${1766000000000 + n * 104729},"tier":"FREE"}`),
    ...[
      '2026-11-22 18:22:19.123456',
      'Sun, 22 Nov 2026 18:22:19 GMT',
      '10:30-11:45',
      '2026-W47-7',
      'PT12H30M',
      '01-02-2026',
      '22 11 2026',
    ],
  ],
  'amounts and counts': [
    ...[
      '9900',
      'R99',
      'R 1 000',
      'R1 000 000.00',
      '29900 cents',
      '500000 credits',
      '2,000,000',
      '1 500 000',
      '27 500 000 000',
      '0.00',
    ],
    ...[
      '{"amount":9900,"credits":500000}',
      '{"amountCents":29900}',
      '[50000,150000,350000]',
      '0.8211234567123',
      '0.4111111111111111',
      '27821234567.50',
    ],
    ...[
      '1.7976931348623157e308',
      '9007199254740991',
      '9223372036854775807',
      '-9223372036854775808',
      '2147483648',
      '1234567',
      '12345678',
      '123456789',
    ],
    ...[
      '8001015009087.5',
      '100%',
      '50 % off',
      '99.99',
      '3.14159265358979',
      '1e10',
      '10 000 000 000',
      '{"rate":27.821234567}',
      '1234567.8901',
    ],
    ...range(12).map((n) => `{"amount":${n * 990},"tokens":${n * 100003},"images":${n}}`),
  ],
  'wrong check digit, date or prefix': [
    ...idNumbers.map(wrong),
    ...idNumbers.map((value) => wrong(value).replace(/^(\d{6})(\d{4})(\d{3})$/, '$1 $2 $3')),
    ...cards.map(wrong),
    ...['801301500908', '800132500908', '990229500908', '000000000000', '999999999999'].map(withCheckDigit),
    ...['1000000000000', '7000000000000000', '9400000000000000', '100000000000000'].map((value) =>
      withCheckDigit(value),
    ),
    ...[
      '0912345678',
      '0012345678',
      '082123456',
      '08212345678',
      '082 123 456',
      '+270821',
      '+27 92 123 4567',
      '28821234567',
      '+999123456789',
    ],
    ...[
      '+1 23',
      '0000000000',
      '00 00 00 00 00',
      '0821-23-4567',
      '08 21 23 45 57',
      '08 21 23 45 67 89',
      '4222222222222',
      '(082)',
    ],
  ],
  'versions and packages': [
    ...[
      'npm@11',
      'react@18.2.0',
      'actions/checkout@v4',
      'node@v24.21.0',
      'next@15.0.0-canary.3',
      '@types/node',
      '@prisma/client@7.10.0',
    ],
    ...[
      'nginx@sha256:abc',
      '1.2.3',
      '1.2.3.4.5',
      'v1.2.3.4',
      '1.2.3.4-',
      '1.2.3',
      '10.15.7',
      '256.1.1.1',
      '1.2.3.400',
      '1.2.3.4.5.6',
    ].filter((text) => text !== '1.2.3.4-'),
    ...[
      'Mozilla/5.0',
      'Chrome/126.0.0',
      'a1.2.3.4',
      '1.2.3.4b',
      '300.300.300.300',
      '1..2..3..4',
      '1.2.3.',
      '.1.2.3',
      '999.1.1.1',
    ],
    ...[
      '@',
      '@@',
      'a @ b',
      '@john',
      'john@',
      'bought @ x.com',
      '5@R10',
      '2x@R99.00',
      'foo@.',
      'foo@-',
      '.@.',
      '"@"',
      "'@x.com",
      '@example.com',
      '50%40',
    ],
  ],
  colons: [
    ...[
      '::',
      'std::cafe',
      'std::vector<int>',
      'Foo::Bar',
      'a::before',
      '::after',
      'abc::xyz',
      ':::',
      'std::1',
      'x::',
      '00:1a:2b:3c:4d:5e',
    ],
    ...[
      '1:2:3',
      '1:2:3:4:5:6:7',
      '1:2:3:4:5:6:7:8:9',
      '12345::1',
      '1::2::3',
      'g::1',
      '::g',
      '::1x',
      'x::1',
      'dead:beef',
      '10:20:30:40',
      'a:b:c:d',
    ],
    ...[
      '{"a":1,"b":2,"c":3,"d":4,"e":5,"f":6,"g":7,"h":8}',
      '{a:1,b:2,c:3,d:4,e:5,f:6,a:7}',
      'http://example.com:8080/a:b',
      'cafe:',
      ':cafe',
      '::ffff:1.2.3.4.5',
    ],
  ],
  words: [
    ...[
      '',
      ' ',
      '\0',
      '\ud800',
      '\udc00\ud800',
      '\\',
      '\\u',
      '\\u004',
      '%',
      '%4',
      '%zz',
      '%ff%fe',
      '{}',
      '[]',
      'null',
      '"',
      '\\"',
      '{"a":',
    ],
    ...[
      'system',
      'payfast',
      'Voucher voided: duplicate',
      'PROMO-2026-11',
      'JIGGA-500000',
      'GOGGA-1234-5678-9012',
      'm_payment_id=1089250',
    ],
    ...[
      '{"pf_payment_id":"1089250","tier":"JIVE","status":"COMPLETE"}',
      '{"reason":"retry 3 of 3"}',
      'C:\\temp\\new',
      'line\\nnext',
      'kliënt gekanselleer',
      '電話番号',
      '😀😀',
    ],
  ],
}

export const negatives: readonly Labelled[] = Object.entries(lookalikes).flatMap(([name, texts]) =>
  texts.map((text) => ({ name, text, expected: [] })),
)
