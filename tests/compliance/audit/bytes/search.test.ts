import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { seededRandom } from '../../../../src/ops/makers.ts'
import { emails, findIn, texts } from './found.ts'

const ANN = 'Ann.Canary@example.co.za'
/** Base64 breaks it off after 48 bytes, within the address. */
const LETTER = `A letter that is long enough, from ${ANN}, to somebody else`
const PIECE = 1 << 20
const bytesOf = (text: string) => Buffer.from(text)
const percent = (text: string) => encodeURIComponent(text)
const everyPercent = (text: string) => Buffer.from(text).toString('hex').replaceAll(/../g, '%$&')
const wide = (text: string) => Buffer.from(text, 'utf16le')
const swapped = (text: string) => wide(text).swap16()
const units = (text: string) =>
  text
    .split('')
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('')

/** Random bytes without any that a form could take for part of itself. */
function noise(length: number): Buffer {
  const random = seededRandom(length)
  return Buffer.from(Array.from({ length }, () => 1 + Math.floor(random() * 9)))
}

describe('forms', () => {
  const cases: readonly (readonly [name: string, form: string, bytes: Uint8Array])[] = [
    ['as it is', 'plain', bytesOf(ANN)],
    ['in capitals', 'plain', bytesOf(ANN.toUpperCase())],
    ['in small letters', 'plain', bytesOf(ANN.toLowerCase())],
    ['UTF-16 LE', 'utf-16', wide(ANN)],
    ['UTF-16 BE', 'utf-16', swapped(ANN)],
    ['UTF-16 in another case', 'utf-16', wide(ANN.toUpperCase())],
    ['hex', 'hex', bytesOf(bytesOf(ANN).toString('hex'))],
    ['hex in capitals', 'hex', bytesOf(bytesOf(ANN).toString('hex').toUpperCase())],
    ['hex, behind another digit', 'hex', bytesOf(`f${bytesOf(ANN).toString('hex')}`)],
    ['base64', 'base64', bytesOf(bytesOf(ANN).toString('base64'))],
    ['base64 for URLs', 'base64', bytesOf(bytesOf(`?>?${ANN}?>?`).toString('base64url'))],
    ['base64, behind one byte', 'base64', bytesOf(bytesOf(`"${ANN}"`).toString('base64'))],
    ['base64, behind two bytes', 'base64', bytesOf(bytesOf(`"<${ANN}>"`).toString('base64'))],
    ['base64 in another case', 'base64', bytesOf(bytesOf(ANN.toUpperCase()).toString('base64'))],
    ['percent-encoded', 'percent', bytesOf(percent(ANN))],
    ['percent-encoded throughout', 'percent', bytesOf(everyPercent(ANN))],
    ['a JSON escape', 'json', bytesOf(ANN.replace('@', '\\u0040'))],
    ['JSON escapes throughout', 'json', bytesOf(units(ANN))],
    ['quoted-printable', 'quoted-printable', bytesOf(ANN.replace('@', '=40'))],
    ['JSON in JSON', 'json', bytesOf(ANN.replace('@', '\\\\u0040'))],
    ['escapes of bytes', 'hex', bytesOf(bytesOf(ANN).toString('hex').replaceAll(/../g, '\\x$&'))],
    ['an HTML entity', 'html', bytesOf(ANN.replace('@', '&#64;'))],
    ['an HTML entity in hex', 'html', bytesOf(ANN.replace('@', '&#x40;'))],
    ['a named HTML entity', 'html', bytesOf(ANN.replace('@', '&commat;'))],
    ['percent-encoded twice', 'percent', bytesOf(ANN.replace('@', '%2540'))],
    ['a wide sign', 'fullwidth', bytesOf(ANN.replace('@', '＠'))],
    [
      'hex with spaces',
      'hex',
      bytesOf(
        bytesOf(ANN)
          .toString('hex')
          .replaceAll(/..(?=.)/g, '$& '),
      ),
    ],
    [
      'hex with colons',
      'hex',
      bytesOf(
        bytesOf(ANN)
          .toString('hex')
          .replaceAll(/..(?=.)/g, '$&:'),
      ),
    ],
    ['base64 in lines', 'base64', bytesOf(bytesOf(LETTER).toString('base64').replaceAll(/.{64}/g, '$&\r\n'))],
    ['quoted-printable, broken', 'quoted-printable', bytesOf(ANN.replace('.C', '.=\r\nC'))],
  ]
  test.each(cases)('%s is found wherever it stands', async (_, form, written) => {
    for (let at = 0; at < 9; at++) {
      const found = await findIn(Buffer.concat([noise(at), written, noise(7)]), emails(ANN))
      expect(
        found.map((each) => each.form),
        `at ${at}`,
      ).toEqual([form])
      expect(found[0]?.kind).toBe('email')
    }
  })

  test.each(['zoë.ndëbele@example.com', 'ZOË@bücher.example', 'имя@пример.рф', '日本@例え.jp'])(
    '%s is found in each form',
    async (value) => {
      for (const text of [value, value.toLowerCase(), value.toUpperCase()]) {
        const written = [
          bytesOf(text),
          wide(text),
          swapped(text),
          bytesOf(bytesOf(text).toString('hex')),
          bytesOf(bytesOf(text).toString('base64')),
          bytesOf(bytesOf(`-${text}`).toString('base64')),
          bytesOf(percent(text)),
          bytesOf(units(text)),
        ]
        for (const [index, bytes] of written.entries()) {
          const found = await findIn(Buffer.concat([noise(5), bytes, noise(6)]), emails(value))
          expect(found, `${text}, form ${index}`).toHaveLength(1)
        }
      }
    },
  )

  test.each(['8.8.8.8', '41.13.2.5', 'a@b.co', 'fe80::1', '0821234567'])('%s, which is short, too', async (value) => {
    const kind = value.includes('@') ? 'email' : value.startsWith('08') ? 'phone' : 'ip'
    for (const before of ['', '-', '--']) {
      const base64 = bytesOf(bytesOf(`${before}${value}`).toString('base64'))
      const hex = bytesOf(bytesOf(`${before}${value}`).toString('hex'))
      for (const bytes of [bytesOf(value), base64, hex, wide(value), swapped(value)]) {
        for (let at = 0; at < 4; at++)
          expect(await findIn(Buffer.concat([noise(at), bytes, noise(4)]), [{ value, kind }])).toHaveLength(1)
      }
    }
  })
})

describe('spellings', () => {
  const phone = { value: '+27 83 999 1234', kind: 'phone' } as const
  const card = { value: '4111 1111 1111 1111', kind: 'card' } as const
  const idNumber = { value: '8001015009087', kind: 'idNumber' } as const
  const ip = { value: '2001:db8::5', kind: 'ip' } as const
  const iban = { value: 'GB82 WEST 1234 5698 7654 32', kind: 'text' } as const
  const name = { value: 'Zoë Ndëbele', kind: 'name' } as const
  test.each([
    [
      phone,
      [
        '+27 83 999 1234',
        '0839991234',
        '+27839991234',
        '27839991234',
        '0027839991234',
        '083-999-1234',
        '(083) 999 1234',
      ],
    ],
    [phone, ['+27 (0)83 999 1234', '+27+83+999+1234', '2026-11-22 0839991234', bytesOf('0839991234').toString('hex')]],
    [card, ['4111 1111 1111 1111', '4111111111111111', '4111-1111-1111-1111', '{"card":4111111111111111}']],
    [idNumber, ['8001015009087', '800101 5009 08 7', bytesOf('8001015009087').toString('base64')]],
    [ip, ['2001:db8::5', '2001:DB8::5', '2001:db8:0:0:0:0:0:5', '2001:0db8:0000:0000:0000:0000:0000:0005']],
    [iban, ['GB82 WEST 1234 5698 7654 32', 'GB82WEST12345698765432']],
    [name, ['Zoë Ndëbele'.normalize('NFC'), 'Zoë Ndëbele'.normalize('NFD')]],
  ])('%o is found once in each', async (needle, spellings) => {
    for (const spelling of spellings)
      for (const before of ['', 'a ', '... ', 'xyz: '])
        expect(
          (await findIn(bytesOf(`${before}${spelling} b`), [needle])).map(({ touched }) => touched),
          spelling,
        ).toEqual([false])
  })

  test.each(['839991234', '083 999 12345', '0839991235', '08399 ---- 91234'])(
    'no number is made of %s',
    async (text) => {
      expect((await findIn(bytesOf(text), [phone])).filter(({ touched }) => !touched)).toEqual([])
    },
  )
})

describe('boundaries', () => {
  const cases: readonly (readonly [text: string, touched: boolean | undefined])[] = [
    ['41.13.2.5', false],
    ['from 41.13.2.5.', false],
    ['::ffff:41.13.2.5', false],
    ['41.13.2.52026-11-22', false],
    ['system9941.13.2.5', false],
    ['141.13.2.5', true],
    ['141.13.2.50', true],
    ['41.13.2.51', true],
    ['7.41.13.2.5', true],
    ['41.13.2.5.7', true],
    ['41.13.2.6', undefined],
  ]
  test.each(cases)('41.13.2.5 in %s: %s', async (text, touched) => {
    const found = await findIn(bytesOf(text), [{ value: '41.13.2.5', kind: 'ip' }])
    expect(found.map((each) => each.touched)).toEqual(touched === undefined ? [] : [touched])
  })

  test('a phone number within a longer number is touched', async () => {
    const found = await findIn(bytesOf('0821234567,10821234567,08212345670'), [{ value: '0821234567', kind: 'phone' }])
    expect(found.map((each) => each.touched)).toEqual([false, true, true])
  })

  test('an address counts wherever it stands', async () => {
    expect(await findIn(bytesOf('joann@example.com.za192.0.2.1'), emails('ann@example.com'))).toHaveLength(1)
  })
})

describe('pieces', () => {
  const written = [bytesOf(ANN), bytesOf(units(ANN)), wide(ANN), bytesOf(bytesOf(ANN).toString('base64'))]

  test.each([0, 1, 2, 3])('form %i across the end of a piece is found once', async (form) => {
    const canary = written[form] ?? bytesOf('')
    const bytes = Buffer.alloc(2 * PIECE + 5_000, 1)
    for (let before = 0; before <= canary.length; before += form === 1 ? 7 : 1) {
      for (const end of [PIECE, 2 * PIECE]) canary.copy(bytes, end - before)
      const found = await findIn(bytes, emails(ANN))
      expect(
        found.map(({ at }) => at),
        `${before} before`,
      ).toEqual([PIECE - before, 2 * PIECE - before])
      bytes.fill(1)
    }
  })

  test('at the first and the last byte of files of any length around a piece', async () => {
    for (const length of [24, 25, PIECE - 1, PIECE, PIECE + 1, PIECE + 30, PIECE + 2_048, 2 * PIECE]) {
      const bytes = Buffer.alloc(length, 1)
      bytes.write(ANN, 0)
      bytes.write(ANN, length - ANN.length)
      const found = await findIn(bytes, emails(ANN))
      expect(found.map(({ at }) => at)).toEqual(length < 48 ? [length - 24] : [0, length - 24])
    }
  })

  test('what stands before and behind the end of a piece counts once, and as it would elsewhere', async () => {
    const address = '41.13.2.5'
    for (let at = PIECE - 3_000; at < PIECE + 40; at += at < PIECE - 60 ? 97 : 1) {
      const bytes = Buffer.alloc(PIECE + 5_000, 1)
      bytes.write(`${address}1 1${address} ${address}`, at)
      const found = await findIn(bytes, [{ value: address, kind: 'ip' }])
      expect(
        found.map((each) => [each.at - at, each.touched]),
        `at ${at}`,
      ).toEqual([
        [0, true],
        [12, true],
        [22, false],
      ])
    }
  })

  test('an empty file holds nothing', async () => expect(await findIn(Buffer.alloc(0), emails(ANN))).toEqual([]))
})

/** Lower case for ASCII letters only. */
const folded = (bytes: Uint8Array) => Buffer.from(bytes.map((byte) => (byte > 64 && byte < 91 ? byte + 32 : byte)))

function naive(bytes: Uint8Array, values: readonly string[]): number[] {
  const all = folded(bytes)
  const needles = new Set(values.map((value) => folded(bytesOf(value)).toString('latin1')))
  const places: number[] = []
  for (const needle of needles) {
    for (let at = all.indexOf(needle, 0, 'latin1'); at !== -1; at = all.indexOf(needle, at + 1, 'latin1'))
      places.push(at)
  }
  return places.sort((a, b) => a - b)
}

test('finds exactly what a naive search finds', async () => {
  // Few letters, so that values overlap, contain each other, and occur by chance.
  const letters = fc.constantFrom(...'aAb1.@-')
  const value = fc.string({ unit: letters, minLength: 7, maxLength: 16 })
  const text = fc.array(fc.oneof(fc.string({ unit: letters, maxLength: 9 }), fc.nat({ max: 30 })), { maxLength: 60 })
  await fc.assert(
    fc.asyncProperty(fc.array(value, { minLength: 1, maxLength: 30 }), text, async (values, parts) => {
      const bytes = bytesOf(parts.map((part) => (typeof part === 'number' ? (values[part] ?? '') : part)).join(''))
      const found = (await findIn(bytes, texts(...values))).filter(({ form }) => form === 'plain')
      expect(found.map(({ at }) => at)).toEqual(naive(bytes, values))
    }),
    { numRuns: 300 },
  )
})

test('finds nothing but what was planted in random bytes', async () => {
  const planted = fc.record({ value: fc.emailAddress(), at: fc.nat({ max: 5_000 }) })
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ minLength: 5_200, maxLength: 6_000 }), planted, async (bytes, { value, at }) => {
      bytes.set(bytesOf(value), at)
      const found = await findIn(bytes, emails(value))
      expect(found.map((each) => each.at)).toEqual(naive(bytes, [value]))
    }),
    { numRuns: 50 },
  )
})
