import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { findEmails, findPii, type PiiKind, type PiiSpan } from '../../src/pii/find.ts'
import { findAll } from '../../src/pii/find-all.ts'
import { detach, reattach } from '../../src/pii/tokens.ts'
import { findDeep } from '../../src/pii/views.ts'
import { contexts } from './corpus.ts'
import { encodings } from './encoded.ts'
import { valuesOf } from './values.ts'

const runs = { seed: 20261122, numRuns: 500 }

/** Takes out what is found and keeps it, as the store of detached values does. */
function takeOut(text: string, find: (text: string) => PiiSpan[] = findPii) {
  const kept = new Map<string, { raw: string; bare: boolean }>()
  const spans = find(text)
  const detached = detach(text, spans, (span: PiiSpan, raw) => {
    const id = `d${String(kept.size).padStart(19, '0')}`
    kept.set(id, { raw, bare: span.bare })
    return id
  })
  return { spans, kept, detached, attached: reattach(detached, (id) => kept.get(id)) }
}

const planted = fc.constantFrom(...(Object.keys(valuesOf) as PiiKind[]).flatMap((kind) => valuesOf[kind]))
/** Words without digits, so that nothing joins a planted value. */
const filler = fc.array(
  fc.constantFrom('voided', 'for', 'kliënt', '\n', '"', '\\', '{', '}', ', ', '; ', '😀', '\ud800', '\0', ' %'),
)
/** Text made of the characters that searches branch on, to get at their seams. */
const seams = fc
  .array(
    fc.constantFrom(...'0123456789abcfu@.:+-()%\\"\' /_\n\0ée[],{}'.split(''), 'pii:', '\\u0040', '\\n', '%40', '::'),
    { maxLength: 60 },
  )
  .map((parts) => parts.join(''))
const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 80 }),
  fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 40 }).map((codes) => String.fromCharCode(...codes)),
  seams,
  fc.array(fc.oneof(seams, planted), { maxLength: 8 }).map((parts) => parts.join('')),
  fc
    .array(fc.oneof(planted, fc.constantFrom(' ', '.', '-', ',', '\\n')), { maxLength: 12 })
    .map((parts) => parts.join('')),
)
const jsonLeaf = fc.oneof(
  planted,
  fc.string(),
  fc.integer(),
  fc.double(),
  fc.constantFrom(8001015009087, -4111111111111111, 27821234567),
)
const json = fc
  .letrec<{ node: unknown }>((tie) => ({
    node: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      jsonLeaf,
      fc.array(tie('node'), { maxLength: 4 }),
      fc.dictionary(fc.oneof(fc.string(), planted), tie('node'), { maxKeys: 4 }),
      tie('node').map((inner) => JSON.stringify(inner)),
    ),
  }))
  .node.chain((value) => fc.constantFrom(0, 2).map((indent) => JSON.stringify(value, null, indent)))

describe('for any text', () => {
  test('reattach undoes detach', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(takeOut(text).attached).toBe(text)
      }),
      { ...runs, numRuns: 5000 },
    )
  })

  test('spans ascend, do not overlap and lie inside the text, outside of tokens', () => {
    const tokens = /pii:[0-9a-z]{16,40}(?![0-9a-z])/g
    const withToken = fc.tuple(anyText, anyText).map(([a, b]) => `${a}pii:abcdefghij0123456789 ${b}`)
    fc.assert(
      fc.property(withToken, (text) => {
        let end = 0
        const held = [...text.matchAll(tokens)].map((found) => [found.index, found.index + found[0].length] as const)
        for (const span of findPii(text)) {
          expect(span.start).toBeGreaterThanOrEqual(end)
          expect(span.end).toBeGreaterThan(span.start)
          expect(held.every(([from, to]) => span.end <= from || span.start >= to)).toBe(true)
          end = span.end
        }
        expect(end).toBeLessThanOrEqual(text.length)
      }),
      { ...runs, numRuns: 2000 },
    )
  })

  test('without escapes the value is the text of the span', () => {
    const plain = anyText.map((text) => text.replace(/[\\%]/g, ' '))
    fc.assert(
      fc.property(plain, (text) => {
        for (const { start, end, value, bare } of findPii(text)) if (!bare) expect(text.slice(start, end)).toBe(value)
      }),
      runs,
    )
  })

  test('findEmails gives emails only', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(findEmails(text).every(({ kind }) => kind === 'email')).toBe(true)
      }),
      runs,
    )
  })
})

describe('for JSON', () => {
  test('detached text still parses, and reattached is the same', () => {
    fc.assert(
      fc.property(json, (text) => {
        const { detached, attached } = takeOut(text)
        expect(() => JSON.parse(detached)).not.toThrow()
        expect(attached).toBe(text)
      }),
      { ...runs, numRuns: 3000 },
    )
  })
})

describe('for planted values', () => {
  const names = Object.keys(contexts).filter((name) => name !== 'Windows path')
  const plantings = fc
    .array(fc.tuple(filler, planted, fc.constantFrom(...names)), { minLength: 1, maxLength: 4 })
    .map((parts) => ({
      text: parts
        .map(([words, value, name]) => `${words.join(' ')} ; ${contexts[name]?.(value) ?? value} ; `)
        .join('\n'),
      values: parts.map(([, value]) => value),
    }))

  test('nothing of them stays, and a second look finds nothing', () => {
    fc.assert(
      fc.property(plantings, ({ text, values }) => {
        const { detached, attached } = takeOut(text)
        for (const value of values) expect(detached).not.toContain(value)
        expect(findPii(detached)).toEqual([])
        expect(attached).toBe(text)
      }),
      { ...runs, numRuns: 2000 },
    )
  })
})

describe('behind encodings and look-alikes', () => {
  const encoded = fc
    .tuple(planted, fc.constantFrom(...Object.values(encodings)), fc.array(filler), fc.array(filler))
    .map(([value, encode, before, after]) => `${before.flat().join(' ')} ${encode(value)} ${after.flat().join(' ')}`)

  test('nothing stays, and all comes back to the byte', () => {
    fc.assert(
      fc.property(fc.oneof(encoded, anyText), (text) => {
        const { detached, attached } = takeOut(text, findAll)
        expect(attached).toBe(text)
        expect(findDeep(detached)).toEqual([])
      }),
      { ...runs, numRuns: 3000 },
    )
  })
})
