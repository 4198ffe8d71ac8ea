/**
 * Takes what the audit of values finds out of rows that are there already, and keeps it in identity.db as detached values with a
 * token in its place, as if it had been taken out before the write (POPIA section 19). identity.db is written first: a crash in
 * between leaves a value that no token names, never a lost one, and the next run goes on.
 */
import { type CatalogColumn, type CatalogModel, modelsOf, quote } from '../../database/catalog.ts'
import { changeIn, type Files } from '../../database/clients.ts'
import type { Connection } from '../../database/connections.ts'
import type { RowOf } from '../../database/rows.ts'
import type { Sources } from '../../identity/sources.ts'
import { detach } from '../../pii/tokens.ts'
import { type KnownValues, readKnown } from '../audit/values/known.ts'
import { type FoundSpan, finderFor } from './places.ts'

export interface MendOptions extends Pick<Sources, 'now' | 'randomBytes'> {
  /** Counts, and changes nothing. */
  readonly dryRun: boolean
  /** How many values of columns were looked at so far, of all tables. */
  readonly onProgress?: ((values: number, table: string) => void) | undefined
}

/** One column: how many of its values held something, and what of it. */
export interface Mended {
  readonly file: string
  readonly table: string
  readonly column: string
  readonly values: number
  readonly kinds: Readonly<Record<string, number>>
}

/**
 * log: rows that are chained are never changed. id: other rows name this one by it. message: on its way to another file.
 * changed: somebody wrote to the row meanwhile, or something stayed; run it again.
 */
export type Why = 'log' | 'id' | 'message' | 'changed'

export interface MendReport {
  readonly dryRun: boolean
  readonly mended: readonly Mended[]
  readonly left: readonly (Mended & { readonly why: Why })[]
}

const DOMAINS = ['billing', 'admin'] as const
const PORTION = 500
const ID_BYTES = 16
const MESSAGES: ReadonlySet<string> = new Set(['OutboxMessage', 'Change'])

/** While others read and write: rows are read in portions, and written where they are still what was read. */
export async function mend(files: Files, options: MendOptions): Promise<MendReport> {
  const known = readKnown(files.identity.reader)
  const mended = new Map<string, Tally>()
  const left = new Map<string, Tally & { why: Why }>()
  let values = 0
  for (const place of DOMAINS.flatMap(placesOf)) {
    for (const portion of portionsOf(files[place.domain].reader, place)) {
      values += portion.length
      const found = portion.flatMap((cell) => heldIn(cell, place, known))
      const why = whyNot(place)
      if (why) for (const { spans } of found) add(left, place, spans, why)
      else await mendPortion(files, place, found, options, { mended, left })
      options.onProgress?.(values, place.model.name)
    }
  }
  if (!options.dryRun && mended.size > 0) for (const domain of DOMAINS) await files[domain].checkpoint()
  return { dryRun: options.dryRun, mended: [...mended.values()].map(shown), left: [...left.values()].map(shownLeft) }
}

interface Place {
  readonly domain: (typeof DOMAINS)[number]
  readonly model: CatalogModel
  readonly column: CatalogColumn
  readonly key: string
}

const placesOf = (domain: (typeof DOMAINS)[number]): readonly Place[] =>
  modelsOf(domain).flatMap((model) =>
    model.columns
      .filter(({ type }) => type === 'text')
      .map((column) => ({ domain, model, column, key: model.key[0] ?? '' })),
  )

function whyNot({ model, column }: Place): Why | undefined {
  if (model.chained) return 'log'
  if (MESSAGES.has(model.name)) return 'message'
  const isId = model.key.includes(column.name) || column.class === 'link' || column.class === 'subject'
  return isId || model.key.length !== 1 ? 'id' : undefined
}

interface Cell {
  readonly at: number
  readonly id: string
  readonly text: string
}

interface Held extends Cell {
  readonly spans: readonly FoundSpan[]
}

function* portionsOf(reader: Connection, { model, column, key }: Place): Generator<readonly Cell[]> {
  const page = reader.prepare<[number], Cell>(
    `select rowid as "at", cast(${quote(key)} as text) as "id", ${quote(column.name)} as "text" from ${quote(model.name)}
     where rowid > ? and typeof(${quote(column.name)}) = 'text' order by rowid limit ${PORTION}`,
  )
  for (let cells = page.all(0); cells.length > 0; cells = page.all(cells.at(-1)?.at ?? 0)) yield cells
}

function heldIn(cell: Cell, { column }: Place, known: KnownValues): Held[] {
  const spans = finderFor(column, known)(cell.text)
  return spans.length === 0 ? [] : [{ ...cell, spans }]
}

interface Tallies {
  readonly mended: Map<string, Tally>
  readonly left: Map<string, Tally & { why: Why }>
}

async function mendPortion(
  files: Files,
  place: Place,
  found: readonly Held[],
  { dryRun, now, randomBytes }: MendOptions,
  { mended, left }: Tallies,
): Promise<void> {
  if (found.length === 0) return
  if (dryRun) {
    for (const { spans } of found) add(mended, place, spans)
    return
  }
  const kept: RowOf<'identity', 'DetachedValue'>[] = []
  const texts = found.map(({ id: rowId, text, spans }) =>
    detach(text, spans, ({ kind, value, bare }, raw) => {
      const id = randomBytes(ID_BYTES).toString('hex')
      const name = `${place.domain}.${place.model.name}.${place.column.name}`
      kept.push({ id, kind, raw, value, bare, place: name, rowId, createdAt: now() })
      return id
    }),
  )
  await files.identity.change((tx) => tx.insertAll('DetachedValue', kept))
  const written = await changeIn(files, place.domain, (tx) =>
    found.map(({ at, text }, index) => {
      const [table, column] = [quote(place.model.name), quote(place.column.name)]
      const sql = `update ${table} set ${column} = ? where rowid = ? and ${column} = ?`
      return tx.run(sql, texts[index] ?? text, at, text) === 1
    }),
  )
  for (const [index, { spans }] of found.entries())
    if (written[index]) add(mended, place, spans)
    else add(left, place, spans, 'changed')
}

interface Tally {
  readonly place: Place
  values: number
  readonly kinds: Record<string, number>
}

function add(tallies: Map<string, Tally & { why?: Why }>, place: Place, spans: readonly FoundSpan[], why?: Why): void {
  const key = `${place.domain} ${place.model.name} ${place.column.name} ${why ?? ''}`
  const tally = tallies.get(key) ?? { place, values: 0, kinds: {}, ...(why && { why }) }
  tallies.set(key, tally)
  tally.values += 1
  for (const { kind } of spans) tally.kinds[kind] = (tally.kinds[kind] ?? 0) + 1
}

const shown = ({ place, values, kinds }: Tally): Mended => ({
  ...{ file: `${place.domain}.db`, table: place.model.name, column: place.column.name },
  ...{ values, kinds },
})

const shownLeft = (tally: Tally & { why: Why }): Mended & { why: Why } => ({ ...shown(tally), why: tally.why })
