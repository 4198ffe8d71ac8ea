// What identity.db knows of people, by the catalog's class `pii`: emails, addresses, numbers, names, and what its free text
// holds. Kept as hashes, so that the audit of a million people needs little memory and leaves nothing in it.
import { type CatalogColumn, modelsOf, quote } from '../../../database/catalog.ts'
import type { Connection } from '../../../database/connections.ts'
import { findPii, type PiiKind } from '../../../pii/find.ts'
import { folded } from '../../../pii/look-alikes.ts'
import { keyOf } from '../../../pii/views.ts'
import { HashSet } from './hash-set.ts'

const MOST_WORDS = 4
const SHORTEST_WORDS = 4
/** Of a phone number. */
const FEWEST_DIGITS = 7
const emailLike = /^[^\s@]+@[^\s@]+$/
const spaces = /[^\p{L}\p{N}]+/u
/** What stands where a name, an address or an IP address is missing: words that files are full of, and nobody's. */
const VAGUE: ReadonlySet<string> = new Set(
  `unknown none null nil undefined anonymous nobody somebody someone deleted erased removed redacted hidden missing empty
  n/a na not_available system server service payfast admin administrator root operator support guest user users customer
  test tester testing localhost local internal external proxy true false yes no`.split(/\s+/),
)
/** South African numbers are one whether they begin with 0, 27, +27 or 0027. */
const prefix = /^(?:0027|27|0)(?=[1-8]\d{8}$)/
const number = /\d(?:[ ().-]{0,2}\d){6,18}/g

export class KnownValues {
  readonly #values = new HashSet()
  readonly #words = new HashSet()
  readonly #firstWords = new HashSet()

  get hasWords(): boolean {
    return this.#words.size > 0
  }

  add(column: CatalogColumn, value: string): void {
    if (column.pii === 'email' && emailLike.test(value)) this.#values.add(keyed('email', value))
    else if (column.pii === 'freetext') this.#addFound(value)
    else if (column.pii === 'phone') this.#addPhone(value)
    // What is no address in a column of addresses is a word such as `unknown`: that identity.db holds it says nothing of anybody.
    else if (!this.#addFound(value) && column.pii !== 'ip' && !isVague(value)) this.#addWords(wordsOf(value))
  }

  #addPhone(value: string): void {
    if (!this.#addFound(value) && value.replace(/\D/g, '').length >= FEWEST_DIGITS)
      this.#values.add(keyed('phone', value))
  }

  #addWords(words: readonly string[]): void {
    const [first] = words
    if (first === undefined) return
    this.#words.add(words.join(' '))
    this.#firstWords.add(first)
  }

  /** Whether a detected value is one of these, also with something before or after it: `PROMO-thabo@example.com`. */
  has(kind: PiiKind, value: string): boolean {
    if (this.#values.has(keyed(kind, value))) return true
    if (kind !== 'email') return false
    for (let at = value.search(/[._+-]/); at !== -1 && at < value.lastIndexOf('@'); at = nextJoint(value, at))
      if (this.#values.has(keyed('email', value.slice(at + 1)))) return true
    return this.#values.has(keyed('email', value.replace(/[._-][^.@]*$/, '')))
  }

  /** A number of ten digits and more that the detectors may not take for one. */
  hasNumber(digits: string): boolean {
    return this.#values.has(`number ${digits.replace(prefix, '')}`)
  }

  /** Whether a value is the name or odd address of somebody. */
  hasWhole(value: string): boolean {
    if (!this.hasWords || value.length < SHORTEST_WORDS || !this.mayHold(value)) return false
    return this.#words.has(wordsOf(value).join(' '))
  }

  /** Whether a text could hold the name of somebody: a word of it begins one. The cheap look before `countIn`. */
  mayHold(text: string): boolean {
    return this.hasWords && this.#firstWords.mayHaveWordOf(text)
  }

  /** Whether `countIn` could count anything, in the text itself or behind its escapes. */
  touches(text: string): boolean {
    if (this.mayHold(text) || text.includes('\\')) return true
    return this.countIn(text).numbers > 0
  }

  /** How many numbers and names of people a text holds that no detector sees. */
  countIn(text: string): { numbers: number; words: number } {
    let numbers = 0
    for (const [found] of text.matchAll(number)) if (this.hasNumber(found.replace(/\D/g, ''))) numbers++
    return { numbers, words: this.mayHold(text) ? this.#countWords(text) : 0 }
  }

  /** Where they stand, as they are written; not behind escapes. */
  placesIn(text: string): { kind: 'known'; start: number; end: number; value: string; bare: boolean }[] {
    const found: { start: number; end: number }[] = []
    for (const { 0: digits, index } of text.matchAll(number))
      if (this.hasNumber(digits.replace(/\D/g, ''))) found.push({ start: index, end: index + digits.length })
    if (this.mayHold(text)) found.push(...this.#wordPlaces(text))
    let floor = 0
    return found
      .sort((a, b) => a.start - b.start || b.end - a.end)
      .flatMap(({ start, end }) => {
        if (start < floor) return []
        floor = end
        return [{ kind: 'known' as const, start, end, value: text.slice(start, end), bare: false }]
      })
  }

  #wordPlaces(text: string): { start: number; end: number }[] {
    const words = [...text.matchAll(/[\p{L}\p{M}\p{N}]+/gu)].map(({ 0: word, index }) => ({
      ...{ start: index, end: index + word.length },
      word: wordsOf(word).join(' '),
    }))
    const fits = (from: number, to: number) =>
      this.#words.has(
        words
          .slice(from, to)
          .map(({ word }) => word)
          .join(' '),
      )
    const [only] = words
    if (words.length === 1 && only) return fits(0, 1) && text.length >= SHORTEST_WORDS ? [only] : []
    return words.flatMap(({ start }, from) => {
      for (let to = Math.min(from + MOST_WORDS, words.length); to >= from + 2; to--)
        if (fits(from, to)) return [{ start, end: words[to - 1]?.end ?? start }]
      return []
    })
  }

  #countWords(text: string): number {
    const words = wordsOf(text)
    if (words.length === 1) return this.hasWhole(text) ? 1 : 0
    let count = 0
    for (let from = 0; from < words.length; from++) {
      // One word alone is no name within a text: it would be found in every sentence.
      for (let to = from + 2; to <= Math.min(from + MOST_WORDS, words.length); to++)
        if (this.#words.has(words.slice(from, to).join(' '))) count++
    }
    return count
  }

  #addFound(text: string): boolean {
    const spans = findPii(text)
    for (const { kind, value } of spans) this.#values.add(keyed(kind, value))
    return spans.length > 0
  }
}

/** Also `-unknown-` and `(none)`. */
const isVague = (value: string): boolean => VAGUE.has(value.toLowerCase().replace(/^[^a-z]+|[^a-z]+$/g, ''))

function nextJoint(value: string, at: number): number {
  const next = value.slice(at + 1).search(/[._+-]/)
  return next === -1 ? -1 : at + 1 + next
}

function keyed(kind: PiiKind, value: string): string {
  const key = keyOf(kind, value)
  const isNumber = kind === 'phone' || kind === 'idNumber' || kind === 'card'
  return isNumber ? `number ${key.replace(prefix, '')}` : `${kind} ${key}`
}

const wordsOf = (text: string): string[] => folded(text).toLowerCase().split(spaces).filter(Boolean)

/** Reads identity.db once, row by row; columns that an older file lacks are left out. */
export function readKnown(identity: Connection): KnownValues {
  const known = new KnownValues()
  for (const model of modelsOf('identity')) {
    const present = new Set(identity.prepare('select name from pragma_table_info(?)').pluck().all(model.name))
    for (const column of model.columns.filter((one) => one.class === 'pii' && present.has(one.name))) {
      const name = quote(column.name)
      const values = identity.prepare<[], string>(
        `select cast(${name} as text) from ${quote(model.name)} where ${name} is not null`,
      )
      for (const value of values.pluck().iterate()) known.add(column, value as string)
    }
  }
  return known
}
