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
import type { Position } from './cursor.ts'
import { walkFew } from './few.ts'
import type { Files, Raw, Run } from './files.ts'
import { collect, compileMatchers, type Matcher } from './matches.ts'
import type { Bounds } from './ordered.ts'
import { type Shape, unsorted } from './request.ts'
import { compileScan, type ScanPlan, scan, startOfScan } from './scan.ts'
import { compileSorted, type SortedPlan, walkSorted } from './sorted.ts'
import type { JoinOptions } from './types.ts'
import type { Walk } from './walk.ts'

export interface Found {
  readonly raw: readonly Raw[]
  /** Where the next page begins; undefined after the last. */
  readonly next: Position | undefined
}

export interface Drive {
  /** One statement finds the page. */
  readonly isLocal: boolean
  /** How many sort values a cursor holds. */
  readonly cursorValues: number
  read(run: Run, bounds: Bounds, after: Position | undefined, limit: number): Found
}

/** Beyond so many keys a collection is given up for good. */
const MAX_KEYS = 50_000
/** The first budget, in pages. */
const FIRST_BUDGET = 4
const GROWTH = 4
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
  }
  return drive(ways, plan.reread.carried)
}

function compileBySort(shape: Shape, files: Files, options: JoinOptions): Drive {
  const plan: SortedPlan = compileSorted(shape, files)
  const { among } = compileScan({ ...shape, sort: unsorted(shape.table) }, files)
  const ways: Ways = {
    walk: (run, bounds, after, batch) => walkSorted(run, plan, bounds, { after, batch }),
    byKeys: (run, bounds, after, _batch, { checks }, keys) =>
      walkFew(run, plan, bounds, { among, checks, keys, after }),
    matchers: compileMatchers(shape, files),
    options,
  }
  return drive(ways, plan.reread.carried)
}

function localDrive(plan: ScanPlan): Drive {
  const read = (run: Run, bounds: Bounds, after: Position | undefined, limit: number): Found => {
    const raw = plan.ordered.read(run, bounds, startOfScan(run, plan, after), limit + 1)
    if (raw.length <= limit) return { raw, next: undefined }
    raw.length = limit
    return { raw, next: plan.positionOf(raw[limit - 1] as Raw) }
  }
  return { isLocal: true, cursorValues: plan.reread.carried, read }
}

function drive(ways: Ways, cursorValues: number): Drive {
  const read = (run: Run, bounds: Bounds, after: Position | undefined, limit: number): Found => {
    const walk = race(run, ways, bounds, after, limit)
    const { hits } = walk
    if (hits.length <= limit) return { raw: hits, next: undefined }
    return { raw: hits.slice(0, limit), next: walk.positionOf(limit - 1) }
  }
  return { isLocal: false, cursorValues, read }
}

/** A walk whose hits begin with the page and one row more, where there is one. */
function race(run: Run, ways: Ways, bounds: Bounds, after: Position | undefined, limit: number): Walk {
  const { strategy, batch = 2 * (limit + 1) } = ways.options
  const isFull = (walk: Walk) => walk.isDone || walk.hits.length > limit
  const tryKeys = (budget: number, needsIndex: boolean): Walk | undefined => {
    const found = fewKeys(run, ways.matchers, bounds, budget, needsIndex)
    return found && ways.byKeys(run, bounds, after, batch, found.matcher, found.keys)
  }
  let budget = FIRST_BUDGET * limit
  const isForced = strategy !== undefined
  const first = strategy === 'keys' ? tryKeys(NO_BUDGET, false) : isForced ? undefined : tryKeys(budget, true)
  let walk = first ?? ways.walk(run, bounds, after, batch)
  let isOpen = !first && !isForced
  let looked = 0
  while (!isFull(walk)) {
    looked += walk.step()
    if (!isOpen || looked < budget || isFull(walk)) continue
    budget *= GROWTH
    const other = budget <= MAX_KEYS ? tryKeys(budget, false) : undefined
    isOpen = !other && budget <= MAX_KEYS
    walk = other ?? walk
  }
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
