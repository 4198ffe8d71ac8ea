import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { DETECTED_KINDS, measureDetectors, readCorpus } from '../../../src/compliance/audit/detectors.ts'

const ROOT = join(import.meta.dirname, '../../..')
const lines = readCorpus()
const report = measureDetectors(lines)

test('the corpus is large, half of it without anything, and holds every kind', () => {
  expect(lines.length).toBeGreaterThanOrEqual(1500)
  expect(lines.filter(({ spans }) => spans.length === 0).length).toBeGreaterThan(lines.length / 3)
  for (const kind of DETECTED_KINDS) {
    expect(lines.filter(({ spans }) => spans.some((span) => span.kind === kind)).length).toBeGreaterThan(100)
  }
  expect(lines.filter(({ heldOut }) => heldOut).length).toBeGreaterThan(300)
})

describe.each([
  ['the audit of values', report],
  ['the look before a write', report.writes],
] as const)('%s', (name, scores) => {
  test.each(['total', 'heldOut'] as const)('%s: precision at least 0.98, recall at least 0.99', (part) => {
    const { precision, recall } = scores[part]
    console.log(`${name}, ${part}: precision ${precision.toFixed(4)}, recall ${recall.toFixed(4)}`)
    expect([precision >= 0.98, recall >= 0.99, scores.mistakes]).toEqual([true, true, scores.mistakes])
  })
})

test('what is measured is what runs: the look at a column, with its keys of JSON', () => {
  const spans = [{ kind: 'phone' as const, value: '0825559999' }]
  const line = { form: 'x', heldOut: false, spans }
  const report = measureDetectors([{ ...line, text: '{"userId":"0825559999"}' }])
  expect([report.total.missed, report.writes.total.missed]).toEqual([1, 0]) // An id is let be, under the name of one.
})

test('a detector that finds too much or too little fails', () => {
  const line = { text: 'for thabo@example.com', form: 'x', heldOut: false }
  const missed = measureDetectors([{ ...line, spans: [{ kind: 'phone', value: '0821234567' }] }])
  expect(missed).toMatchObject({ passed: false, total: { found: 0, wrong: 1, missed: 1, precision: 0, recall: 0 } })
  const right = measureDetectors([{ ...line, spans: [{ kind: 'email', value: 'thabo@example.com' }] }])
  expect(right).toMatchObject({ passed: true, total: { found: 1, precision: 1, recall: 1 } })
})

test('the corpus is what its maker makes', () => {
  const before = readFileSync(join(ROOT, 'corpus/detectors.jsonl'), 'utf8')
  const made = execFileSync(process.execPath, [join(ROOT, 'scripts/corpus/make.ts'), '--print'], {
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  })
  expect(made).toBe(before)
})
