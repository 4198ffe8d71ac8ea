// Values that no caller should send, by what a field is, and whole bodies, ids and keys that are none.

export type Kind =
  | { readonly is: 'word' | 'flag' | 'time' | 'email' }
  /** `anyId`: any text may be one, and is looked for; `secret`: the same, and the look is logged. */
  | { readonly is: 'anyId' | 'secret' | 'prose'; readonly most: number }
  | { readonly is: 'integer'; readonly least: number; readonly most: number }

const STRANGE: Readonly<Record<string, string>> = {
  emoji: '🦗🦗',
  'right to left': '\u202eJIVE\u202c',
  'another alphabet': 'JІVЕ',
  'half a surrogate pair': 'a\ud83e',
  NUL: 'R200\u0000',
  'SQL that ends a text': 'x\'; drop table "Voucher"; --',
  'SQL that is always true': "' or 1=1 --",
  'a name of every object': '__proto__',
  'another name of every object': 'constructor',
  'a long one': 'x'.repeat(10_000),
}
const OF_OTHER_TYPES: Readonly<Record<string, unknown>> = {
  null: null,
  'an empty list': [],
  'an object': {},
  'an object with a length': { length: 1, 0: 'a' },
}
const NUMBERS = { 'a number': 7, 'a huge number': 1e308, 'beyond exact integers': 2 ** 53 }
const WORDS = { 'an empty text': '', blanks: '   ', ...STRANGE }

/** Name → value, for a field of this kind whose good value is `good`. */
export function badValues(kind: Kind, good: unknown): Readonly<Record<string, unknown>> {
  const others = { ...OF_OTHER_TYPES, 'a list of it': [good] }
  const noText = { ...others, ...NUMBERS, true: true }
  switch (kind.is) {
    case 'word':
      return { ...noText, ...WORDS, 'with a blank': `${good} `, 'in other letters': swapped(String(good)) }
    case 'email':
      return {
        ...noText,
        ...WORDS,
        'SQL with an @': "a@b' or '1'='1\u0000",
        'a long one': `${'a'.repeat(321)}@b.example`,
      }
    case 'time':
      return {
        ...noText,
        ...WORDS,
        'no such day': '2026-02-30T00:00:00Z',
        past: '2020-01-01T00:00:00Z',
        far: '9999-12-31T00:00:00Z',
        local: '2026-12-31T00:00:00',
        'a date': '2026-12-31',
      }
    case 'flag':
      return { ...others, ...NUMBERS, ...WORDS, 'a word': 'true', one: 1, zero: 0 }
    case 'integer':
      return { ...others, ...WORDS, ...integers(kind), true: true, 'in words': String(good) }
    case 'anyId':
    case 'secret':
      return { ...noText, ...WORDS, 'too long': 'x'.repeat(kind.most + 1) }
    case 'prose': {
      const { NUL, 'half a surrogate pair': half } = STRANGE
      return { ...noText, 'an empty text': '', blanks: ' \n ', NUL, half, 'too long': '🦗'.repeat(kind.most + 1) }
    }
  }
}

const swapped = (text: string): string =>
  /[a-z]/.test(text) ? text.toUpperCase() : /[A-Z]/.test(text) ? text.toLowerCase() : `${text}0`

const integers = ({ least, most }: { readonly least: number; readonly most: number }) => ({
  'one less': least - 1,
  'one more': most + 1,
  '31 bits': 2 ** 31,
  'minus 31 bits': -(2 ** 31) - 1,
  'beyond exact integers': 2 ** 53,
  'the largest': 1e308,
  'the smallest': -1e308,
  'a half': 0.5,
})

/** Bodies that are no object at all, as text. */
export const BODIES: Readonly<Record<string, string>> = {
  'nothing but a type': '',
  'not JSON': '{',
  'a form': 'tier=JIVE',
  'an empty list': '[]',
  'a list of bodies': '[{}]',
  null: 'null',
  'a text': '"text"',
  'a number': '1',
  true: 'true',
  NaN: '{"credits":NaN}',
  'very deep': `${'['.repeat(50_000)}${']'.repeat(50_000)}`,
  'not UTF-8': '\ufffe{}',
  'a prototype': '{"__proto__":{"isAdmin":true}}',
  'a constructor': '{"constructor":{"prototype":{"isAdmin":true}}}',
}

/** Of an Idempotency-Key. */
export const BAD_KEYS = ['', ' ', 'two words', 'ключ', '🦗', 'a\u0000', 'a\tb', 'x'.repeat(256)]
/** In a path, as they stand there. */
export const WEIRD_IDS = [
  ...['nobody', '-1', '9007199254740993', '1e308', '__proto__', 'constructor', 'null', '*', '.', '~'],
  ...[
    '%00',
    'u1%00',
    '%F0%9F%A6%97',
    '%E2%80%AEu1',
    '%20',
    'u1%20',
    "'%20or%201=1--",
    'u1;drop',
    '..%2F..%2Fetc',
    '%5B%5D',
  ],
  ...['%', '%zz', '%FF', '%ED%A0%80', 'x'.repeat(500), 'x'.repeat(501), 'x'.repeat(9_000)],
]

/** By field of a notification that is signed. */
export const BAD_ITN: Readonly<Record<string, readonly string[]>> = {
  amount_gross: [
    '',
    '-299.00',
    '+299.00',
    '1e308',
    'NaN',
    '0x12b',
    '299,00',
    '299.001',
    '99999999999',
    ' 299.00',
    '٢٩٩',
    '🦗',
  ],
  payment_status: ['', 'complete', 'PAID', 'COMPLETE ', '__proto__', "' or 1=1 --", '🦗'],
  custom_str1: ['pack', 'SUBSCRIPTION', '__proto__', 'constructor', '🦗', "x'; drop table"],
  custom_str2: ['', 'FREE', 'GOLD', 'jigga', '__proto__', 'constructor', '200', '🦗', "x'; drop table"],
  custom_str3: ['a b', 'u4\u0000', '🦗', 'a@b.example', 'a%40b.example', 'x'.repeat(201), '\u202eu4'],
  pf_payment_id: ['', ' ', '1\u0000', '🦗', 'a@b.example', 'x'.repeat(101), 'x y'],
  merchant_id: ['', '0', '10000100 ', '🦗'],
  token: ['a b', 'a@b.example', '🦗', 'x'.repeat(201)],
}
