// How the rows of a page are found.
//
// local   No condition and no sort key is in another table: one statement.
// scan    The resource is read in its order, conditions on linked rows are checked batch by batch (scan.ts).
// sort    The sort is on a linked table: that one is read in its order, the resource's rows by the links (sorted.ts).
// keys    The keys of all rows that fit are collected from the side of a condition (matches.ts), then only these are read.
//
// With s the share of rows that fit, scan and sort look at about limit / s rows, keys at s × all rows: the product is
// limit × all rows, so the better of the two never exceeds the root of it. Which one is better is not guessed from
// statistics, which may be missing or know nothing of how conditions and order hang together: both are tried in turn
// with budgets that grow fourfold, so the cost stays within a small factor of the better one. A condition with an
// index goes first, since trying it costs no more than its budget.
import type { CursorShape, Position } from './cursor.ts'
import { walkFew } from './few.ts'
import type { Files, Raw, Run } from './files.ts'
import { collect, compileMatchers, type Matcher } from './matches.ts'
import type { Bounds } from './ordered.ts'
import { type Shape, unsorted } from './request.ts'
import { compileScan, type ScanPlan, scan, startOfScan } from './scan.ts'
import { walkSorted } from './sorted.ts'
import { compileSorted } from './sorted-plan.ts'
import type { JoinOptions } from './types.ts'
import { MAX_BATCH, type Walk } from './walk.ts'

export interface Found {
  readonly raw: readonly Raw[]
  /** Where the next page begins; undefined after the last. */
  readonly next: Position | undefined
}

export interface Drive {
  /** One statement finds the page. */
  readonly isLocal: boolean
  readonly cursor: CursorShape
  read(run: Run, bounds: Bounds, after: Position | undefined, limit: number): Found
}

/** Beyond so many keys a collection is given up for good. */
const MAX_KEYS = 50_000
/** The first budget, in pages. */
const FIRST_BUDGET = 4
const GROWTH = 4
const MARGIN = 1.25
const NO_BUDGET = Number.MAX_SAFE_INTEGER - 1

interface Ways {
  readonly walk: (run: Run, bounds: Bounds, after: Position | undefined, batch: number) => Walk
  readonly byKeys: (
    run: Run,
    bounds: Bounds,
    after: Position | undefined,
    batch: number,
    matcher: Matcher,
    keys: readonly Raw[number][],
  ) => Walk
  readonly matchers: readonly Matcher[]
  readonly options: JoinOptions
  readonly memory: Memory
}

/** What the last request of the shape taught. It changes what a page costs, never what it holds. */
interface Memory {
  /** With how many keys at most they were worth collecting: 0 if not at all, undefined before the first request. */
  keys: number | undefined
  /** Rows looked at for each that fits. */
  rowsPerHit: number
}

export function compileDrive(shape: Shape, files: Files, options: JoinOptions): Drive {
  if (shape.sort.links.length > 0) return compileBySort(shape, files, options)
  const plan = compileScan(shape, files)
  if (shape.filter.children.length === 0) return localDrive(plan)
  const ways: Ways = {
    walk: (run, bounds, after, batch) => scan(run, plan, bounds, { after, batch, checks: plan.checks }),
    byKeys: (run, bounds, after, batch, { checks }, keys) =>
      scan(run, plan, bounds, { after, batch, checks, keys: JSON.stringify(keys) }),
    matchers: compileMatchers(shape, files),
    options,
    memory: { keys: undefined, rowsPerHit: 2 },
  }
  return drive(ways, { columns: plan.reread.carried, isLinked: false })
}

function compileBySort(shape: Shape, files: Files, options: JoinOptions): Drive {
  const plan = compileSorted(shape, files)
  const { among } = compileScan({ ...shape, sort: unsorted(shape.table) }, files)
  const ways: Ways = {
    walk: (run, bounds, after, batch) => walkSorted(run, plan, bounds, { after, batch }),
    byKeys: (run, bounds, after, _batch, { checks }, keys) =>
      walkFew(run, plan, bounds, { among, checks, keys, after }),
    matchers: compileMatchers(shape, files),
    options,
    memory: { keys: undefined, rowsPerHit: 2 },
  }
  return drive(ways, { columns: plan.reread.carried, isLinked: true })
}

function localDrive(plan: ScanPlan): Drive {
  const read = (run: Run, bounds: Bounds, after: Position | undefined, limit: number): Found => {
    const raw = plan.ordered.read(run, bounds, startOfScan(run, plan, after), limit + 1)
    if (raw.length <= limit) return { raw, next: undefined }
    raw.length = limit
    return { raw, next: plan.positionOf(raw[limit - 1] as Raw) }
  }
  return { isLocal: true, cursor: { columns: plan.reread.carried, isLinked: false }, read }
}

function drive(ways: Ways, cursor: CursorShape): Drive {
  const read = (run: Run, bounds: Bounds, after: Position | undefined, limit: number): Found => {
    const walk = race(run, ways, bounds, after, limit)
    const { hits } = walk
    if (hits.length <= limit) return { raw: hits, next: undefined }
    return { raw: hits.slice(0, limit), next: walk.positionOf(limit - 1) }
  }
  return { isLocal: false, cursor, read }
}

/** A walk whose hits begin with the page and one row more, where there is one. */
function race(run: Run, ways: Ways, bounds: Bounds, after: Position | undefined, limit: number): Walk {
  const { options, memory } = ways
  const { strategy, batch = batchFor(limit, memory) } = options
  const tryKeys = (budget: number, needsIndex: boolean): Walk | undefined => {
    const found = fewKeys(run, ways.matchers, bounds, budget, needsIndex)
    return found && ways.byKeys(run, bounds, after, batch, found.matcher, found.keys)
  }
  const isFull = (walk: Walk) => walk.isDone || walk.hits.length > limit
  let budget = FIRST_BUDGET * limit
  const first = strategy === 'keys' ? tryKeys(NO_BUDGET, false) : keysFirst(ways, budget, tryKeys)
  const way = first ?? ways.walk(run, bounds, after, batch)
  let isOpen = !first && strategy === undefined
  let looked = 0
  while (!isFull(way)) {
    looked += way.step()
    if (!isOpen || looked < budget || isFull(way)) continue
    budget *= GROWTH
    isOpen = budget <= MAX_KEYS
    const other = isOpen ? tryKeys(budget, false) : undefined
    if (!other) continue
    memory.keys = budget
    return finish(other, isFull)
  }
  if (!first) memory.rowsPerHit = (looked + 1) / (way.hits.length + 1)
  return way
}

function finish(walk: Walk, isFull: (walk: Walk) => boolean): Walk {
  while (!isFull(walk)) walk.step()
  return walk
}

/** With a quarter more than the last share of hits asks for, one batch is mostly enough. */
const batchFor = (limit: number, { rowsPerHit }: Memory): number =>
  Math.min(MAX_BATCH, Math.ceil((limit + 1) * Math.max(1, rowsPerHit) * MARGIN))

/** What was worth it the last time mostly is again; before that, an index makes trying cheap. */
function keysFirst(
  { options, memory }: Ways,
  budget: number,
  tryKeys: (budget: number, needsIndex: boolean) => Walk | undefined,
): Walk | undefined {
  if (options.strategy !== undefined || memory.keys === 0) return undefined
  const walk = memory.keys === undefined ? tryKeys(budget, true) : tryKeys(Math.max(memory.keys, budget), false)
  if (!walk) memory.keys = 0
  return walk
}

/** The keys of the first condition that lets no more rows through than the budget. */
function fewKeys(run: Run, matchers: readonly Matcher[], bounds: Bounds, budget: number, needsIndex: boolean) {
  for (const matcher of matchers) {
    if (needsIndex && !matcher.isIndexed) continue
    const keys = collect(run, matcher, bounds, budget)
    if (keys) return { matcher, keys }
  }
  return undefined
}
