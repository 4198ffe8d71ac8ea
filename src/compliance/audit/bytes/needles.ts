/**
 * What is looked for: every value of identity.db that names somebody. By the catalog: columns of class pii as they
 * stand, and what the detectors find in those of free text, so that a new column is covered by itself.
 */
import { isIP } from 'node:net'
import { type CatalogColumn, type CatalogModel, modelNamed, modelsOf, quote } from '../../../database/catalog.ts'
import { openReader } from '../../../database/connections.ts'
import { findPii } from '../../../pii/find.ts'
import { KINDS, type Needle, type NeedleKind } from './kinds.ts'
import type { NeedleStore } from './needle-store.ts'
import { addNeedle, isTooShort } from './spellings.ts'

/** Why a value is not looked for. `short`: it would be found everywhere; `vague`: no address, no number, hardly a name;
 * `local`: an address of no machine in particular, such as 127.0.0.1. */
export type SkipReason = 'short' | 'vague' | 'local'

export interface NeedleCounts {
  /** Distinct values that are looked for. */
  readonly values: number
  /** Values that are not; a value counts in each row that holds it. */
  readonly skipped: Readonly<Record<SkipReason, number>>
}

/** Where the values come from: a list, or the path of an identity.db. What stands within a longer value of somebody else is no
 * occurrence (within.ts). */
export type NeedleSource =
  | { readonly values: readonly Needle[]; readonly within?: readonly string[] }
  | { readonly identity: string }

const NAME_FROM = 8
const LOCAL = /^(?:127\.|0\.0\.0\.0$|::1?$|::ffff:127\.)/i

/** `text`, handed in by a caller, is looked for whatever it is. */
export function skipReasonOf({ value, kind }: Needle): SkipReason | undefined {
  if (kind === 'ip' && LOCAL.test(value)) return 'local'
  if (isTooShort(value)) return 'short'
  if (kind === 'email' && !value.includes('@') && findPii(value).length === 0) return 'vague'
  return kind === 'name' && value.length < NAME_FROM ? 'vague' : undefined
}

export function fillStore(store: NeedleStore, source: NeedleSource): NeedleCounts {
  const skipped = { short: 0, vague: 0, local: 0 }
  let values = 0
  const add = (needle: Needle) => {
    const reason = skipReasonOf(needle)
    if (reason) skipped[reason]++
    else if (addNeedle(store, needle)) values++
  }
  add.vague = () => {
    skipped.vague++
  }
  if ('values' in source) source.values.forEach(add)
  else readIdentity(source.identity, add)
  return { values, skipped }
}

function readIdentity(path: string, add: Add): void {
  const reader = openReader('identity', path)
  try {
    // Everything is read once: mapped pages would only count as memory.
    reader.pragma('mmap_size = 0')
    reader.pragma('cache_size = -2048')
    for (const model of modelsOf('identity')) {
      for (const column of model.columns) {
        if (column.pii === undefined) continue
        const rows = reader.prepare(selectOf(model, column)).pluck().iterate() as IterableIterator<string | Buffer>
        const take = takerOf(column.pii, add)
        for (const value of rows) take(value)
      }
    }
    readDetached(reader.prepare(DETACHED).raw().iterate() as IterableIterator<[string, string]>, add)
  } finally {
    reader.close()
  }
}

/** Distinct values out of an index, else every row: sorting them would write them to a temporary file. */
function selectOf(model: CatalogModel, { name, unique }: CatalogColumn): string {
  const indexed = unique || model.indexes.some(([first]) => first === name)
  const column = quote(name)
  return `select ${indexed ? 'distinct ' : ''}${column} from ${quote(model.name)} where ${column} is not null`
}

interface Add {
  (needle: Needle): void
  /** Counts a value that is not looked for. */
  vague(): void
}

/** Rows of the same value often follow each other. */
function takerOf(kind: NonNullable<CatalogColumn['pii']>, add: Add): (value: string | Buffer) => void {
  let before: string | undefined
  return (value) => {
    const text = String(value)
    if (text === before) return
    before = text
    if (kind === 'freetext') inText(text, add)
    else if (kind !== 'ip' || isIP(text) !== 0) add({ value: text, kind })
    // Such as `unknown`: words that files are full of. A list of addresses has some in it.
    else if (inText(text, add) === 0) add.vague()
  }
}

function inText(text: string, add: Add): number {
  const spans = findPii(text)
  for (const span of spans) add({ value: span.value, kind: kindOf(span.kind) })
  return spans.length
}

const kindOf = (kind: string): NeedleKind => KINDS.find((known) => known === kind) ?? 'text'

/** What was detached was found once, in a text that is no more: it is looked for whatever detectors say of it now. */
const { name: detached } = modelNamed('identity', 'DetachedValue')
const DETACHED = `select "kind", "value" from ${quote(detached)}`

function readDetached(rows: IterableIterator<[string, string]>, add: Add): void {
  for (const [kind, value] of rows) add({ value, kind: kindOf(kind) })
}
