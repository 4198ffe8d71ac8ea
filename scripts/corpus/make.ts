// Writes corpus/detectors.jsonl: `node scripts/corpus/make.ts`, or prints it (`--print`). The seed is fixed, so the same lines come out again.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { PiiKind } from '../../src/pii/kinds.ts'
import { encodings, type Forms, heldEncodings, heldSentences, lookAlikes, sentences } from './forms.ts'
import { heldNegatives, type Makers, negatives } from './negatives.ts'
import { heldNearMisses, heldOtherwise, nearMisses, type Otherwise, otherwise } from './otherwise.ts'
import { inventedOf, personOf } from './people.ts'
import { type Random, randomOf } from './random.ts'

interface Line {
  readonly text: string
  readonly spans: readonly { readonly kind: PiiKind; readonly value: string }[]
  readonly form: string
  readonly heldOut: boolean
}

const kinds = Object.keys(inventedOf) as PiiKind[]

const ROUNDS = 2

function positives(forms: Forms, heldOut: boolean, random: Random): Line[] {
  const rounds = Array.from({ length: ROUNDS }, () => Object.entries(forms)).flat()
  return rounds.flatMap(([form, templates]) =>
    kinds.flatMap((kind) => {
      const made = typeof templates === 'function' ? [templates] : templates.map((template) => filled(template, random))
      return made.map((write): Line => {
        const value = inventedOf[kind](random)
        return { text: write(value), spans: [{ kind, value }], form, heldOut }
      })
    }),
  )
}

const filled = (template: string, random: Random) => (value: string) =>
  template.replace('{name}', personOf(random)).replace('{}', () => value)

/** Two values of different kinds in one text. */
function pairs(random: Random): Line[] {
  return Array.from({ length: 60 }, () => {
    const [one, other] = [random.pick(kinds), random.pick(kinds)]
    const values = [one, other].map((kind) => ({ kind, value: inventedOf[kind](random) }))
    const [first, second] = values.map(({ value }) => value)
    const text = random.pick([
      `${first}, ${second}`,
      `from ${first} to ${second}.`,
      JSON.stringify([first, { next: second }]),
    ])
    return { text, spans: values, form: 'two values', heldOut: false }
  })
}

function without(makers: Makers, count: number, heldOut: boolean, random: Random): Line[] {
  return Object.entries(makers).flatMap(([form, make]) =>
    Array.from({ length: count }, (): Line => ({ text: make(random), spans: [], form, heldOut })),
  )
}

const EACH = 10

function written(
  writers: Readonly<Record<string, { readonly kind: PiiKind; readonly write: (random: Random) => Otherwise }>>,
  heldOut: boolean,
  random: Random,
): Line[] {
  return Object.entries(writers).flatMap(([form, { kind, write }]) =>
    Array.from({ length: EACH }, (): Line => {
      const [text, value] = write(random)
      return { text, spans: [{ kind, value }], form, heldOut }
    }),
  )
}

const random = randomOf(20_261_122)
// Of a generator of their own, so that what was there before stays as it is.
const later = randomOf(20_261_123)
const lines = [
  ...[sentences, encodings, lookAlikes].flatMap((forms) => positives(forms, false, random)),
  ...pairs(random),
  ...without(negatives, 18, false, random),
  ...[heldSentences, heldEncodings].flatMap((forms) => positives(forms, true, random)),
  ...without(heldNegatives, 20, true, random),
  ...written(otherwise, false, later),
  ...without(nearMisses, EACH, false, later),
  ...written(heldOtherwise, true, later),
  ...without(heldNearMisses, EACH, true, later),
]
const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('')
if (process.argv.includes('--print')) process.stdout.write(text)
else writeFileSync(join(import.meta.dirname, '../../corpus/detectors.jsonl'), text)
