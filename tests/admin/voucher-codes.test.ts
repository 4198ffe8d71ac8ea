import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { newCode, normaliseCode } from '../../src/admin/voucher-codes.ts'

const SHAPE = /^GOGGA(?:-[0-9A-HJKMNP-TV-Z]{4}){3}$/
const CODE = 'GOGGA-01AB-CD1V-0XYZ'

const bytes = fc.uint8Array({ minLength: 12, maxLength: 12 })
const codeOf = (drawn: Uint8Array) => newCode(() => Buffer.from(drawn))

test('a code has its shape, and each bit of its letters comes from the bytes', () => {
  const shaped = fc.property(bytes, bytes, (one, other) => {
    expect(codeOf(one)).toMatch(SHAPE)
    const isSame = one.every((byte, at) => (byte & 31) === ((other[at] ?? 0) & 31))
    expect(codeOf(one) === codeOf(other)).toBe(isSame)
  })
  fc.assert(shaped, { seed: 20260601 })
})

test('each byte gives one letter, and each of 32 letters comes from eight bytes', () => {
  const counts = new Map<string, number>()
  for (let byte = 0; byte < 256; byte++) {
    const letters = codeOf(new Uint8Array(12).fill(byte)).slice('GOGGA-'.length).replaceAll('-', '')
    expect(new Set(letters).size).toBe(1)
    counts.set(letters.charAt(0), (counts.get(letters.charAt(0)) ?? 0) + 1)
  }
  expect(counts.size).toBe(32)
  expect(new Set(counts.values())).toEqual(new Set([8]))
})

test('codes ask for their own randomness, and ten thousand differ in every place', () => {
  const codes = Array.from({ length: 10_000 }, () => newCode(randomBytes))
  expect(new Set(codes).size).toBe(codes.length)
  for (const at of [6, 7, 8, 9, 11, 12, 13, 14, 16, 17, 18, 19])
    expect(new Set(codes.map((code) => code.charAt(at))).size).toBe(32)
})

const TYPED: Readonly<Record<string, string>> = {
  'as it is': CODE,
  'small letters': CODE.toLowerCase(),
  'spaces around': `  ${CODE}\n`,
  'spaces for dashes': CODE.replaceAll('-', ' '),
  'no dashes': CODE.replaceAll('-', ''),
  'no prefix': '01AB-CD1V-0XYZ',
  'no prefix and no dashes': '01ABCD1V0XYZ',
  'O for 0': 'GOGGA-O1AB-CD1V-OXYZ',
  'I and L for 1': 'GOGGA-0IAB-CDLV-0XYZ',
  'small l and i for 1': 'gogga-0lab-cdiv-0xyz',
  'U for V': 'GOGGA-01AB-CD1U-0XYZ',
  '0 in the prefix': 'G0GGA-01AB-CD1V-0XYZ',
  'dashes of a word processor': CODE.replaceAll('-', '–'),
  'letters of full width': 'ＧＯＧＧＡ－０１ＡＢ－ＣＤ１Ｖ－０ＸＹＺ',
  'other groups': 'GOGGA 01 AB CD 1V 0X YZ',
}

test.each(Object.entries(TYPED))('a code is understood: %s', (_name, typed) => {
  expect(normaliseCode(typed)).toBe(CODE)
})

/** By text: what stays of it. */
const OTHERS: Readonly<Record<string, readonly [text: string, kept: string]>> = {
  empty: ['', ''],
  'an old code': [' spring-2024 ', 'spring-2024'],
  'a letter too few': ['GOGGA-01AB-CD1V-0XY', 'GOGGA-01AB-CD1V-0XY'],
  'a letter too many': ['GOGGA-01AB-CD1V-0XYZ1', 'GOGGA-01AB-CD1V-0XYZ1'],
  'another prefix': ['OTHER-01AB-CD1V-0XYZ', 'OTHER-01AB-CD1V-0XYZ'],
  'too long to be a slip': [`${CODE}${'-'.repeat(200)}`, `${CODE}${'-'.repeat(200)}`],
}

test.each(Object.entries(OTHERS))('another text stays: %s', (_name, [text, kept]) => {
  expect(normaliseCode(text)).toBe(kept)
})

const SLIPS: Readonly<Record<string, string>> = { 0: 'oO0', 1: 'iIlL1', V: 'vVuU' }

test('every code is found again however its letters are slipped, and stays itself', () => {
  const roundTrip = fc.property(bytes, fc.infiniteStream(fc.nat(99)), fc.boolean(), (drawn, choices, withPrefix) => {
    const code = codeOf(drawn)
    const choice = () => choices.next().value ?? 0
    const slip = (letter: string) => {
      const among = letter === '-' ? ['-', ' ', '', '–'] : [...(SLIPS[letter] ?? letter + letter.toLowerCase())]
      return among[choice() % among.length] ?? letter
    }
    const typed = Array.from(withPrefix ? code : code.slice('GOGGA-'.length), slip).join('')
    expect(normaliseCode(typed)).toBe(code)
    expect(normaliseCode(code)).toBe(code)
  })
  fc.assert(roundTrip, { seed: 20260601, numRuns: 500 })
})

test('no text makes it throw, and what it gives stays as it is', () => {
  const idempotent = fc.property(fc.string({ unit: 'binary', maxLength: 120 }), (text) => {
    const once = normaliseCode(text)
    expect(normaliseCode(once)).toBe(once)
  })
  fc.assert(idempotent, { seed: 20260601, numRuns: 500 })
})
