// Where in a text of a column something of a person stands: what the detectors find, and what identity.db knows.
import type { CatalogColumn } from '../../database/catalog.ts'
import { isOpaque } from '../../pii/find.ts'
import { findAll } from '../../pii/find-all.ts'
import type { PiiKind, PiiSpan } from '../../pii/kinds.ts'
import type { KnownValues } from '../audit/values/known.ts'

/** `known`: a name or number of somebody that no detector sees. */
export type FoundSpan = Omit<PiiSpan, 'kind'> & { readonly kind: PiiKind | 'known' }

type Finder = (text: string) => FoundSpan[]

const IDS: ReadonlySet<string> = new Set(['key', 'link', 'subject', 'secret'])

export const finderFor = (column: CatalogColumn, known: KnownValues): Finder =>
  IDS.has(column.class) ? (text) => inId(text, known) : (text) => inText(text, known)

function inText(text: string, known: KnownValues): FoundSpan[] {
  const spans: FoundSpan[] = findAll(text)
  const more = known
    .placesIn(text)
    .filter(({ start, end }) => !spans.some((span) => start < span.end && end > span.start))
  return more.length === 0 ? spans : [...spans, ...more].sort((a, b) => a.start - b.start)
}

/** Digits alone are let be in what could be an id, unless identity.db knows them. */
function inId(text: string, known: KnownValues): FoundSpan[] {
  if (!isOpaque(text)) return inText(text, known)
  if (known.hasWhole(text)) return [{ kind: 'known', start: 0, end: text.length, value: text, bare: false }]
  return findAll(text).filter(({ kind, value }) => kind === 'email' || known.has(kind, value))
}
