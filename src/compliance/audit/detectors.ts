/**
 * How well what looks for personal information does on the labelled corpus of the repository (corpus/detectors.jsonl). A value counts as found when
 * the kind is right and it is the same value, however it is spelled or encoded. Measured is what runs: the audit's look at a
 * column of text, with its paths of JSON, and what the guard, the detaching and split look with before a write.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { FileError } from '../../errors.ts'
import { findAll } from '../../pii/find-all.ts'
import type { PiiKind } from '../../pii/kinds.ts'
import { keyOf } from '../../pii/views.ts'
import { KnownValues } from './values/known.ts'
import { lookerFor } from './values/look.ts'

export interface LabelledLine {
  readonly text: string
  readonly spans: readonly { readonly kind: PiiKind; readonly value: string }[]
  /** What kind of text it is, for reports. */
  readonly form: string
  /** Not looked at while the detectors were written. */
  readonly heldOut: boolean
}

export interface Score {
  readonly found: number
  readonly wrong: number
  readonly missed: number
  /** Of what was found, how much was right. */
  readonly precision: number
  /** Of what was there, how much was found. */
  readonly recall: number
}

export interface DetectorReport extends Scores {
  readonly lines: number
  /** Of the look before each write, and of split's; the others are of the audit's. */
  readonly writes: Scores
  /** Both scores of both reach the bounds, in total and on the lines that were held out. */
  readonly passed: boolean
}

export interface Scores {
  readonly total: Score
  readonly heldOut: Score
  readonly kinds: Readonly<Record<PiiKind, Score>>
  /** Forms with mistakes, and how many. */
  readonly mistakes: readonly {
    readonly form: string
    readonly kind: PiiKind
    readonly wrong: number
    readonly missed: number
  }[]
}

export const LEAST_PRECISION = 0.98
export const LEAST_RECALL = 0.99
export const DETECTED_KINDS: readonly PiiKind[] = ['email', 'phone', 'idNumber', 'ip', 'card', 'iban']

const CORPUS = join(import.meta.dirname, '../../../corpus/detectors.jsonl')

export function readCorpus(path: string = CORPUS): LabelledLine[] {
  try {
    const lines = readFileSync(path, 'utf8').split('\n').filter(Boolean)
    return lines.map((line) => JSON.parse(line) as LabelledLine)
  } catch (cause) {
    throw new FileError('The labelled corpus cannot be read: expected JSON lines in corpus/detectors.jsonl', {
      cause,
      hint: 'Make it anew with "node scripts/corpus/make.ts".',
    })
  }
}

interface Mark {
  readonly kind: PiiKind
  readonly form: string
  readonly heldOut: boolean
  readonly outcome: 'found' | 'wrong' | 'missed'
}

type Found = readonly { readonly kind: string; readonly value: string }[]

export function measureDetectors(lines: readonly LabelledLine[]): DetectorReport {
  // Nobody is known: what identity.db knows would only help.
  const audit = scoresOf(lines, lookerFor('text', new KnownValues()))
  const writes = scoresOf(lines, findAll)
  const passed = [audit, writes].every(({ total, heldOut }) => reaches(total) && reaches(heldOut))
  return { lines: lines.length, ...audit, writes, passed }
}

function scoresOf(lines: readonly LabelledLine[], find: (text: string) => Found): Scores {
  const marks = lines.flatMap((line) => marksOf(line, find))
  const total = scoreOf(marks)
  const heldOut = scoreOf(marks.filter((mark) => mark.heldOut))
  const kinds = Object.fromEntries(
    DETECTED_KINDS.map((kind) => [kind, scoreOf(marks.filter((mark) => mark.kind === kind))]),
  ) as Record<PiiKind, Score>
  return { total, heldOut, kinds, mistakes: mistakesOf(marks) }
}

const reaches = ({ precision, recall }: Score): boolean => precision >= LEAST_PRECISION && recall >= LEAST_RECALL

function marksOf({ text, spans, form, heldOut }: LabelledLine, find: (text: string) => Found): Mark[] {
  const expected = spans.map(keyed)
  const found = find(text).map(({ kind, value }) => keyed({ kind: kind as PiiKind, value }))
  const mark = (kind: PiiKind, outcome: Mark['outcome']): Mark => ({ kind, form, heldOut, outcome })
  return [
    ...expected.map((one) => mark(one.kind, found.some((find) => covers(find, one)) ? 'found' : 'missed')),
    ...found.filter((find) => !expected.some((one) => covers(find, one))).map(({ kind }) => mark(kind, 'wrong')),
  ]
}

interface Keyed {
  readonly kind: PiiKind
  readonly key: string
}

const keyed = ({ kind, value }: { kind: PiiKind; value: string }): Keyed => ({ kind, key: keyOf(kind, value) })

/** An email may bring along what is joined to it: `no-thabo@example.com`, as Zulu writes "and to thabo@example.com". */
function covers(find: Keyed, one: Keyed): boolean {
  if (find.kind !== one.kind || find.key === one.key) return find.kind === one.kind
  return (
    one.kind === 'email' &&
    /^[\w+-]{0,12}[-_.+]$/.test(find.key.slice(0, -one.key.length)) &&
    find.key.endsWith(one.key)
  )
}

function scoreOf(marks: readonly Mark[]): Score {
  const count = (outcome: Mark['outcome']) => marks.filter((mark) => mark.outcome === outcome).length
  const [found, wrong, missed] = [count('found'), count('wrong'), count('missed')]
  const share = (others: number) => (found + others === 0 ? 1 : found / (found + others))
  return { found, wrong, missed, precision: share(wrong), recall: share(missed) }
}

function mistakesOf(marks: readonly Mark[]): DetectorReport['mistakes'] {
  const groups = Object.groupBy(
    marks.filter(({ outcome }) => outcome !== 'found'),
    ({ form, kind }) => JSON.stringify([form, kind]),
  )
  return Object.values(groups).flatMap((group = []) => {
    const [first] = group
    if (!first) return []
    const { wrong, missed } = scoreOf(group)
    return [{ form: first.form, kind: first.kind, wrong, missed }]
  })
}
