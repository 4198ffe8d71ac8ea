// Linked rows: one statement per link and request, whatever the number of rows. The keys go as one JSON array, each
// once, and every row comes back with its key's place in that array.
import type { CatalogColumn } from '../database/catalog.ts'
import { countAnswered, type Times, timesOfOwn, timesOfShared } from './answered.ts'
import type { Files, Kept, Raw, Run } from './files.ts'
import { countBroken, unknownStatement } from './orphans.ts'
import type { ExpandNode } from './request.ts'
import {
  type Attach,
  type AttachShared,
  type Build,
  builder,
  manyAttacher,
  oneAttacher,
  type Row,
  sharedAttacher,
} from './rows.ts'
import { allColumns, LIMIT, linkedText, newestText } from './statements.ts'
import { isPii, positionOf, type Table } from './tables.ts'
import type { Truncated } from './types.ts'

/** Rows of one list, and of all lists of one link in one answer; beyond these the newest are kept. */
export const MAX_LIST = 100
const MAX_ROWS = 20_000

export interface Expansion {
  readonly path: string
  readonly visible: boolean
  /** Where the link's value stands in the raw row of the parent. */
  readonly from: number
  readonly statement: Kept
  readonly build: Build
  readonly children: readonly Expansion[]
  /** Where the subject's id stands in the raw rows, and what to put before it; undefined without PII or masked. */
  readonly subject: Subject | undefined
  readonly way:
    | { readonly kind: 'many'; readonly attach: Attach; readonly newest: () => Kept }
    | { readonly kind: 'one'; readonly attach: Attach }
    | { readonly kind: 'shared'; readonly attach: AttachShared; readonly unknown: (() => Kept) | undefined }
}

export interface Subject {
  readonly at: number
  readonly prefix: string
}

/** What the answer says about itself. */
export interface Tally {
  orphans: number
  /** Linked rows so far, as JSON spells them out. */
  answered: number
  readonly truncated: Truncated[]
  readonly subjects: Set<string> | undefined
}

export interface ExpandOptions {
  readonly files: Files
  /** Personal information is. */
  readonly masked: boolean
  readonly isMasked: (column: CatalogColumn) => boolean
}

/** `parentOffset`: where the parent's columns begin in its raw rows. */
export function compileExpand(
  nodes: readonly ExpandNode[],
  parent: Table,
  parentOffset: number,
  options: ExpandOptions,
): readonly Expansion[] {
  return nodes.map((node): Expansion => {
    const { relation, table, path, visible } = node
    const file = options.files[table.domain]
    return {
      path,
      visible,
      from: positionOf(parent, relation.fromColumn) + parentOffset,
      statement: file.prepare(
        linkedText(table, relation.toColumn, allColumns('p', table)) + (relation.many ? ` ${LIMIT}` : ''),
      ),
      build: builder(table, 1, linksOf(node.children), options.isMasked),
      children: compileExpand(node.children, table, 1, options),
      subject: options.masked ? undefined : subjectOf(table, 1),
      way: wayOf(node, options),
    }
  })
}

export const linksOf = (nodes: readonly ExpandNode[]) =>
  nodes.filter(({ visible }) => visible).map(({ relation }) => ({ name: relation.name, many: relation.many }))

export function subjectOf(table: Table, offset: number): Subject | undefined {
  if (!table.columns.some(isPii)) return undefined
  const prefix = table.resource === 'users' ? '' : `${table.resource}:`
  return { at: positionOf(table, table.key) + offset, prefix }
}

function wayOf({ relation, table }: ExpandNode, { files }: ExpandOptions): Expansion['way'] {
  // Backward links start from a key, which no two parents share.
  if (relation.forward) {
    const unknown = relation.subject ? () => unknownStatement(files, table, relation.toColumn) : undefined
    return { kind: 'shared', attach: sharedAttacher(relation), unknown }
  }
  if (!relation.many) return { kind: 'one', attach: oneAttacher(relation) }
  const newest = () => files[table.domain].prepare(newestText(table, relation.toColumn))
  return { kind: 'many', attach: manyAttacher(relation), newest }
}

/** Rows of one table in an answer, and the raw rows that they were built from. */
interface Parents {
  readonly raw: readonly Raw[]
  readonly rows: readonly Row[]
  readonly times: Times
}

/** Fills the links of the rows. Throws UsageError where the answer would hold too many. */
export function fill(run: Run, expansions: readonly Expansion[], parents: Parents, tally: Tally): void {
  if (parents.raw.length === 0) return
  for (const expansion of expansions) {
    const { way } = expansion
    if (way.kind === 'shared') fillShared(run, expansion, way, parents, tally)
    else fillOwn(run, expansion, way, parents, tally)
  }
}

function fillOwn(
  run: Run,
  expansion: Expansion,
  way: Exclude<Expansion['way'], { kind: 'shared' }>,
  { raw, rows, times }: Parents,
  tally: Tally,
): void {
  const keys = new Array<Raw[number]>(raw.length)
  for (let i = 0; i < raw.length; i++) keys[i] = (raw[i] as Raw)[expansion.from] as Raw[number]
  const json = JSON.stringify(keys)
  const found =
    way.kind === 'one'
      ? run.all(expansion.statement, [json])
      : readLists(run, expansion, way.newest, json, keys.length, tally)
  const foundTimes = times && timesOfOwn(found, times)
  countAnswered(tally, expansion, found, foundTimes)
  finish(run, expansion, found, foundTimes, tally, (built) => way.attach(found, built, rows))
}

/** Builds and attaches what was found, then goes on to the links behind it. */
function finish(
  run: Run,
  expansion: Expansion,
  found: readonly Raw[],
  times: Times,
  tally: Tally,
  attach: (built: Row[]) => void,
): void {
  if (expansion.subject && tally.subjects) addSubjects(tally.subjects, expansion.subject, found)
  const built = expansion.visible ? expansion.build(found) : []
  if (expansion.visible) attach(built)
  if (expansion.children.length > 0) fill(run, expansion.children, { raw: found, rows: built, times }, tally)
}

function fillShared(
  run: Run,
  expansion: Expansion,
  way: Extract<Expansion['way'], { kind: 'shared' }>,
  { raw, rows, times }: Parents,
  tally: Tally,
): void {
  const places = new Map<Raw[number], number>()
  const slots = new Array<number>(raw.length)
  for (let i = 0; i < raw.length; i++) {
    const key = (raw[i] as Raw)[expansion.from] ?? null
    let slot = key === null ? -1 : places.get(key)
    if (slot === undefined) {
      slot = places.size
      places.set(key, slot)
    }
    slots[i] = slot
  }
  if (places.size === 0) return
  const found = run.all(expansion.statement, [JSON.stringify([...places.keys()])])
  const foundTimes = timesOfShared(found, slots, times, places.size)
  countAnswered(tally, expansion, found, foundTimes)
  finish(run, expansion, found, foundTimes, tally, (built) => {
    const missing = way.attach(found, built, rows, slots)
    if (missing === 0) return
    tally.orphans += way.unknown ? countBroken(run, way.unknown(), found, places, slots) : missing
  })
}

export function addSubjects(subjects: Set<string>, { at, prefix }: Subject, raw: readonly Raw[]): void {
  for (const row of raw) subjects.add(prefix + row[at])
}

/**
 * The rows of every list, cut where a list is too long. The first statement stops at the most that may be kept, so a
 * list of any length costs no more than that; only then each list is read from its newest row on.
 */
function readLists(
  run: Run,
  { statement, path }: Expansion,
  newest: () => Kept,
  json: string,
  lists: number,
  tally: Tally,
): readonly Raw[] {
  const length = Math.max(1, Math.min(MAX_LIST, Math.floor(MAX_ROWS / lists)))
  let found = run.all(statement, [json, lists * length + 1])
  if (found.length > lists * length) found = run.all(newest(), [json, length + 1])
  return found.length > length ? cut(found, lists, length, path, tally) : found
}

function cut(found: readonly Raw[], lists: number, length: number, path: string, tally: Tally): readonly Raw[] {
  const counts = new Uint32Array(lists)
  let longest = 0
  for (const row of found) {
    const list = row[0] as number
    const count = (counts[list] ?? 0) + 1
    counts[list] = count
    if (count > longest) longest = count
  }
  if (longest <= length) return found
  tally.truncated.push({ expand: path, lists: counts.filter((count) => count > length).length, length })
  // Ascending within each list: its first rows are the oldest.
  return found.filter((row) => {
    const list = row[0] as number
    const rest = counts[list] ?? 0
    counts[list] = rest - 1
    return rest <= length
  })
}
