// What was found, counted. Never a value, and no place finer than a page.
import { FORMS, type Form, KINDS, type NeedleKind } from './kinds.ts'
import type { Layout, Where } from './layout.ts'

export interface Hit {
  /** The source's name, such as `billing.db-wal`. */
  readonly file: string
  readonly kind: NeedleKind
  readonly form: Form
  readonly where: Where
  /** Digits stand around it that may make it a part of another number or address. */
  readonly touched: boolean
  readonly count: number
  /** The first pages of a database that hold it, at most PAGES_NAMED, ascending. */
  readonly pages: readonly number[]
  /** The tables that own these pages; live databases only. */
  readonly tables?: readonly string[]
}

export const PAGES_NAMED = 20

interface Tally {
  readonly hit: Omit<Hit, 'count' | 'pages' | 'tables'>
  count: number
  readonly pages: Set<number>
}

/** Counts occurrences of one source. */
export function createTally(file: string, layout: Layout) {
  const tallies = new Map<string, Tally>()
  return {
    add(offset: number, kind: number, form: number, touched: boolean): void {
      const { where, page } = layout(offset)
      const key = `${kind} ${form} ${touched} ${where}`
      const known = tallies.get(key) ?? {
        hit: { file, kind: KINDS[kind] as NeedleKind, form: FORMS[form] as Form, where, touched },
        count: 0,
        pages: new Set<number>(),
      }
      tallies.set(key, known)
      known.count++
      if (page !== undefined) keepLowest(known.pages, page)
    },
    hits: (): Hit[] =>
      [...tallies.values()].map(({ hit, count, pages }) => ({
        ...hit,
        count,
        pages: [...pages].sort((a, b) => a - b),
      })),
  }
}

/** Threads answer in any order; the lowest pages are named whichever comes first. */
function keepLowest(pages: Set<number>, page: number): void {
  if (pages.has(page)) return
  pages.add(page)
  if (pages.size > PAGES_NAMED) pages.delete(Math.max(...pages))
}
