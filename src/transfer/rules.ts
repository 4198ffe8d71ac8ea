// What becomes of one cell, by the class and type of its column. A rule is made once per column and called per row, so
// whatever depends on the column alone is decided when it is made. The common cases come first and allocate nothing;
// whatever is odd (a number in a text column, text in a time column, a blob) goes by the principle of originals.ts.
import type { CatalogColumn } from '../database/catalog.ts'
import { findAll, findAllInId } from '../pii/find-all.ts'
import type { PiiSpan } from '../pii/kinds.ts'
import { piiToken } from '../pii/tokens.ts'
import { type Affinity, affinityOfType, afterAffinity } from './affinity.ts'
import { type Bound, type Cell, RawText } from './cells.ts'
import { bump, type Counts, counterOf } from './counts.ts'
import type { DetachInto } from './detacher.ts'
import { namesPerson, type Place } from './layout.ts'
import type { KeepOriginal } from './originals.ts'
import type { Subject, Subjects } from './subjects.ts'
import { isCanonical, readTime, type TimeSpelling } from './times.ts'

/** What the rules of all columns share. `row` is set before the rules of a row are called. */
export interface RuleContext {
  readonly keep: KeepOriginal
  readonly detach: DetachInto
  readonly subjects: Subjects
  readonly counts: Counts
  readonly randomId: () => string
  readonly row: { id: string; owner: string | null }
}

export type Rule = (cell: Cell) => Bound

/** A column on its way, with the names that the unified database has for it. */
export interface Passage {
  readonly place: Place
  readonly table: string
  readonly column: string
}

/** A number so long may be an ID number or a card that somebody typed into the wrong field. */
const LONG = 1_000_000_000n

export const UNKNOWN_TIME = '1970-01-01T00:00:00.000+00:00'

/** What stands in a required column that the input leaves empty. */
export function fillerOf({ type }: CatalogColumn): Bound {
  if (type === 'text') return ''
  if (type === 'time') return UNKNOWN_TIME
  return type === 'bytes' ? Buffer.alloc(0) : 0n
}

export function ruleOf(passage: Passage, context: RuleContext): Rule {
  const { column, model } = passage.place
  const rule = new ColumnRule(passage, context)
  if (column.type === 'time') return (cell) => rule.time(cell)
  if (column.type !== 'text') return (cell) => (typeof cell === 'bigint' && cell < LONG ? cell : rule.odd(cell))
  if (model.domain === 'identity') return (cell) => (typeof cell === 'string' ? cell : rule.odd(cell))
  return (cell) => (typeof cell === 'string' ? rule.text(cell) : rule.odd(cell))
}

type TextRule = (text: string) => string

class ColumnRule {
  readonly text: TextRule
  readonly #passage: Passage
  readonly #context: RuleContext
  readonly #place: string
  readonly #detachPlace: string
  readonly #affinity: Affinity
  readonly #filler: Bound
  readonly #countTime: (spelling: TimeSpelling) => void
  readonly #countSubject: (kind: Subject['kind']) => void

  constructor(passage: Passage, context: RuleContext) {
    const { place, table, column } = passage
    this.#passage = passage
    this.#context = context
    this.#place = `${table}.${column}`
    this.#detachPlace = `${place.model.domain}.${place.model.name}.${place.column.name}`
    this.#affinity = affinityOfType(place.column.type)
    this.#filler = place.column.nullable ? null : fillerOf(place.column)
    this.#countTime = counterOf(context.counts.times, this.#place)
    this.#countSubject = counterOf(context.counts.subjects, this.#place)
    this.text = this.#textRule()
  }

  time(cell: Cell): Bound {
    if (typeof cell === 'string' && isCanonical(cell)) {
      this.#countTime('canonical')
      return cell
    }
    if (cell === null) return this.odd(null)
    const time = readTime(cell)
    if (!time) {
      bump(this.#context.counts.unreadableTimes, this.#place)
      return this.odd(cell)
    }
    this.#countTime(time.spelling)
    if (!time.exact) this.#keep(cell, time.canonical)
    return time.canonical
  }

  /** A value that its column does not expect. */
  odd(cell: Cell): Bound {
    if (cell === null) return this.#filler === null ? null : this.#fill()
    if (cell instanceof RawText) return this.#replaced(cell, this.#unique(cell.text))
    const { domain } = this.#passage.place.model
    if (Buffer.isBuffer(cell)) return domain === 'identity' ? cell : this.#replaced(cell, this.#token())
    const stored = afterAffinity(this.#affinity, cell)
    if (typeof stored === 'bigint' && domain !== 'identity' && findAll(String(stored)).length > 0)
      return this.#replaced(cell, this.#filler)
    const value = typeof stored === 'string' && domain !== 'identity' ? this.text(stored) : stored
    return typeof value === typeof cell && Object.is(stored, cell) ? value : this.#replaced(cell, value)
  }

  #fill(): Bound {
    bump(this.#context.counts.filled, this.#place)
    return this.#replaced(null, this.#filler)
  }

  #replaced(cell: Cell, value: Bound): Bound {
    this.#keep(cell, value)
    return value
  }

  #keep(cell: Cell, value: Bound, subject: string | null = this.#context.row.owner): void {
    const { table, column } = this.#passage
    this.#context.keep({ table, column, rowId: this.#context.row.id, subjectId: subject }, cell, value)
  }

  /** Bytes that differ may read the same: where rows must differ, something that surely does stands there. */
  #unique(text: string): string {
    const { column, model } = this.#passage.place
    if (column.unique) return this.#token()
    return model.domain === 'identity' ? text : this.text(text)
  }

  #token(): string {
    return piiToken(this.#context.randomId())
  }

  #textRule(): TextRule {
    const { model, column } = this.#passage.place
    if (model.domain === 'identity') return (text) => text
    const isKeyLike = column.class === 'key' || column.class === 'secret' || column.class === 'link'
    if (column.class === 'subject') return (text) => this.#subject(text, this.#context.subjects.subject(text))
    if (!namesPerson(model, column)) return (text) => this.#clean(text, isKeyLike ? findAllInId : findAll)
    if (!column.unique) return (text) => this.#subject(text, this.#context.subjects.link(text))
    return (text) => (this.#context.subjects.isId(text) ? text : this.#hidden(text))
  }

  #subject(text: string, subject: Subject): string {
    this.#countSubject(subject.kind)
    if (!subject.exact) this.#keep(text, subject.id, subject.kind === 'word' ? null : subject.id)
    return subject.id
  }

  /** Two spellings of one person would be one id, which a unique column does not take. */
  #hidden(text: string): string {
    const token = this.#token()
    const { id, kind } = this.#context.subjects.subject(text)
    this.#keep(text, token, kind === 'word' ? null : id)
    return token
  }

  #clean(text: string, find: (text: string) => readonly PiiSpan[]): string {
    const spans = find(text)
    if (spans.length === 0) return text
    const detached = this.#context.detach(text, spans, this.#detachPlace, this.#context.row.id)
    if (!detached.exact) this.#keep(text, detached.text)
    return detached.text
  }
}
