import { describe, expect, test } from 'vitest'
import { findPii, type PiiKind, type PiiSpan } from '../../src/pii/find.ts'
import { detach, reattach } from '../../src/pii/tokens.ts'
import { type Labelled, mixed, negatives, positives } from './corpus.ts'

const corpus = [...positives, ...mixed, ...negatives]
const kinds: readonly PiiKind[] = ['email', 'phone', 'idNumber', 'ip', 'card', 'iban']

interface Score {
  right: number
  missed: string[]
  wrong: string[]
}

function isIn(list: readonly { kind: PiiKind; value: string }[], one: { kind: PiiKind; value: string }): boolean {
  return list.some(({ kind, value }) => kind === one.kind && value === one.value)
}

function scores(items: readonly Labelled[]): Record<PiiKind, Score> {
  const score = (): Score => ({ right: 0, missed: [], wrong: [] })
  const by: Record<PiiKind, Score> = {
    ...{ email: score(), phone: score(), idNumber: score() },
    ...{ ip: score(), card: score(), iban: score() },
  }
  for (const { name, text, expected } of items) {
    const found = findPii(text)
    const where = (one: { kind: PiiKind; value: string }) =>
      `${name}: ${one.kind} ${JSON.stringify(one.value)} in ${JSON.stringify(text)}`
    for (const one of expected) {
      if (isIn(found, one)) by[one.kind].right++
      else by[one.kind].missed.push(where(one))
    }
    for (const span of found) if (!isIn(expected, span)) by[span.kind].wrong.push(where(span))
  }
  return by
}

describe('the labelled corpus', () => {
  test('is large enough and covers every kind', () => {
    expect(positives.length).toBeGreaterThanOrEqual(300)
    expect(negatives.length).toBeGreaterThanOrEqual(300)
    for (const kind of kinds) expect(positives.some(({ expected }) => expected[0]?.kind === kind)).toBe(true)
  })

  const by = scores(corpus)
  test.each(kinds)('%s: precision at least 0.99, recall at least 0.98', (kind) => {
    const { right, missed, wrong } = by[kind]
    const precision = right / (right + wrong.length)
    const recall = right / (right + missed.length)
    console.log(`${kind}: precision ${precision.toFixed(4)}, recall ${recall.toFixed(4)}, ${right} found`)
    for (const line of missed) console.log(`  missed ${line}`)
    for (const line of wrong) console.log(`  wrong  ${line}`)
    expect({ precision, wrong }).toSatisfy(() => precision >= 0.99, `precision ${precision}`)
    expect({ recall, missed }).toSatisfy(() => recall >= 0.98, `recall ${recall}`)
  })

  test.each(corpus.filter(({ expected }) => expected.length === 0).map(({ text }) => [text]))(
    'nothing in %j',
    (text) => {
      expect(findPii(text)).toEqual([])
    },
  )

  test('detaching leaves nothing to find, reattaching gives the text back', () => {
    for (const { text } of corpus) {
      const kept = new Map<string, { raw: string; bare: boolean }>()
      const detached = detach(text, findPii(text), (span: PiiSpan, raw) => {
        const id = `c${String(kept.size).padStart(20, '0')}`
        kept.set(id, { raw, bare: span.bare })
        return id
      })
      expect(findPii(detached), detached).toEqual([])
      expect(reattach(detached, (id) => kept.get(id))).toBe(text)
    }
  })
})
