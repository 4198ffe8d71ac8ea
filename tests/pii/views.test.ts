import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { findPii, type PiiKind } from '../../src/pii/find.ts'
import { runMarks } from '../../src/pii/hiding-marks.ts'
import { findDeep, keyOf } from '../../src/pii/views.ts'
import { encodings } from './encoded.ts'
import { valuesOf } from './values.ts'

const found = (text: string) => findDeep(text).map(({ kind, value }) => [kind, value])
/** One that ASCII can write; a look-alike would come back as what it looks like. */
const firstOf = (kind: PiiKind) => valuesOf[kind].slice(0, 2)
const kinds = Object.keys(valuesOf) as PiiKind[]

describe.each(Object.keys(encodings))('%s', (name) => {
  test.each(kinds.flatMap((kind) => firstOf(kind).map((value) => [kind, value] as const)))('%s %s', (kind, value) => {
    expect(found(encodings[name]?.(value) ?? '')).toEqual([[kind, value]])
  })
})

test.each([
  ['digits of another script', '\u0660\u0668\u0662\u0661\u0662\u0663\u0664\u0665\u0666\u0667', 'phone', '0821234567'],
  ['O and I as digits', 'call O82 I23 4567 now', 'phone', '082 123 4567'],
  ['a zero-width space', 'for tha\u200bbo@example.com', 'email', 'thabo@example.com'],
  ['a full-width @', 'for thabo\uff20example.com', 'email', 'thabo@example.com'],
  ['an ideographic full stop', 'for thabo\uff20example\u3002com', 'email', 'thabo@example.com'],
  ['a named character reference', 'thabo&commat;example&period;com', 'email', 'thabo@example.com'],
])('%s', (_name, text, kind, value) => {
  expect(found(text)).toEqual([[kind, value]])
})

test('the view says how a value was seen', () => {
  const inner = Buffer.from(Buffer.from('thabo@example.com').toString('hex')).toString('base64')
  expect(findDeep(inner)).toEqual([{ kind: 'email', value: 'thabo@example.com', view: 'base64 > hex' }])
  expect(findDeep('thabo@example.com')).toEqual([{ kind: 'email', value: 'thabo@example.com', view: '' }])
})

test('a value that two views show is one', () => {
  expect(findDeep('caf\u00e9 thabo@example.com &amp; th\u0430bo@example.com')).toHaveLength(1)
})

test('ids and hashes are dismissed by the first look', () => {
  for (const text of [
    'cmwr2lmo300000003z8r5be85',
    'clxkq1v9s0000lyzj',
    'da39a3ee5e6b4b0d3255bfef95601890afd80709',
    '2026-01-27T22:36:40.338+00:00',
  ])
    expect([text, runMarks(text)]).toEqual([text, 0])
})

test('few of many hashes need a second look', () => {
  const hashes = Array.from({ length: 1000 }, (_, n) => createHash('sha256').update(String(n)).digest('hex'))
  expect(hashes.filter((text) => runMarks(text) !== 0).length).toBeLessThan(150)
  expect(hashes.flatMap((text) => findDeep(text))).toEqual([])
})

test('finds at least what the plain look finds', () => {
  const parts = fc.constantFrom(...kinds.flatMap((kind) => firstOf(kind)), ' for ', '=', '&', '\n', 'é', '"')
  fc.assert(
    fc.property(fc.array(parts, { maxLength: 6 }), (texts) => {
      const text = texts.join(' ; ')
      const deep = findDeep(text).map(({ kind, value }) => keyOf(kind, value))
      for (const { kind, value } of findPii(text))
        expect(deep.some((key) => key.includes(keyOf(kind, value)))).toBe(true)
    }),
    { numRuns: 300, seed: 7 },
  )
})

test.each(['A', 'dGhhYm9A', '74', '=40', '&#64;', '\uff20', '1O', 'dGhh-', 'dGhhYm9A\n', '%40', '\\u0040', '0x74, '])(
  'half a megabyte of %j takes linear time',
  (part) => {
    expect(findDeep(part.repeat(Math.floor((1 << 19) / part.length))).length).toBeLessThan(2)
  },
)
