// The join service: rows of one resource with linked rows of the other files, in the order and under the conditions
// that a request names. A request goes through five steps:
//   shape    its words, without values, find the plan that was made when they first came (plan.ts)
//   bind     its values become parameters (values.ts), its cursor a place in the order (cursor.ts)
//   drive    the root rows are found (drive.ts)
//   fill     linked rows are read, one statement per link (expand.ts)
//   account  what the answer says about itself: orphans, cut lists, personal information read, figures per file
// No connection sees two files. A file that is read more than once is read in one snapshot.
import { LRUCache } from 'lru-cache'
import type { Connection } from '../database/connections.ts'
import type { Domain } from '../generated/catalog.ts'
import { addCompared } from './compared.ts'
import { mark, type Position, readCursor, writeCursor } from './cursor.ts'
import { addSubjects, fill, type Tally } from './expand.ts'
import { type Figures, type Files, openFiles, type Raw, Run } from './files.ts'
import type { Bounds } from './ordered.ts'
import { filterName } from './paths.ts'
import { type Answer, type OnePlan, type PagePlan, planOne, planPage } from './plan.ts'
import { Problems } from './problems.ts'
import { purposeIn, requireCovered } from './purpose.ts'
import type { Words } from './request.ts'
import type { Row } from './rows.ts'
import { isGuarded } from './tables.ts'
import type { Join, JoinOptions, Meta, NamedOneQuery, NamedPageQuery, One, Page, Source } from './types.ts'
import { bind } from './values.ts'

export type {
  Clear,
  Expanded,
  Filter,
  Join,
  JoinOptions,
  Meta,
  NamedOneQuery,
  NamedPageQuery,
  One,
  OneQuery,
  Operator,
  Page,
  PageQuery,
  Path,
} from './types.ts'

const MAX_SHAPES = 500
const DEFAULT_LIMIT = 50
export const MAX_LIMIT = 200
const NO_BOUNDS: Bounds = []

/** The readers stay the caller's to open and close. Every call runs synchronously and leaves no snapshot open. */
export function createJoin(readers: Readonly<Record<Domain, Connection>>, options: JoinOptions = {}): Join {
  const files = openFiles(readers)
  const pages = new LRUCache<string, PagePlan>({ max: MAX_SHAPES })
  const ones = new LRUCache<string, OnePlan>({ max: MAX_SHAPES })
  const pageByName = (query: NamedPageQuery) => readPage(files, pages, query, options)
  const oneByName = (query: NamedOneQuery) => readOne(files, ones, query, options)
  // What a plan builds is what the query's type says, since both follow from the same catalog.
  const page = pageByName as Join['page']
  return { pageByName, oneByName, page, one: oneByName as Join['one'], statistics: files }
}

function readPage(
  files: Files,
  plans: LRUCache<string, PagePlan>,
  query: NamedPageQuery,
  options: JoinOptions,
): Page<Row> {
  const shape = shapeOf(query)
  let plan = plans.get(shape)
  if (!plan) {
    plan = planPage(query, files, options)
    plans.set(shape, plan)
  }
  requireCovered(plan.shape.piiKinds, query)
  const { drive } = plan
  const bounds = boundsOf(plan, query)
  const after = query.after === undefined ? undefined : readCursor(query.after, markOf(plan, query), drive.cursor)
  const run = new Run({
    snapshots: plan.snapshots,
    sources: query.sources === true,
    before: options.before,
  })
  try {
    const { raw, next } = drive.read(run, bounds, after, query.limit ?? DEFAULT_LIMIT)
    const tally = tallyOf(plan)
    if (tally.subjects) addCompared(run, plan.compared, raw, bounds, tally.subjects)
    const data = rowsOf(run, plan, raw, tally)
    return { data, page: { next: next ? cursorOf(plan, query, next) : null }, meta: metaOf(plan, run, tally, query) }
  } finally {
    run.end()
  }
}

function readOne(
  files: Files,
  plans: LRUCache<string, OnePlan>,
  query: NamedOneQuery,
  options: JoinOptions,
): One<Row> | undefined {
  const shape = shapeOf(query)
  let plan = plans.get(shape)
  if (!plan) {
    plan = planOne(query, files)
    plans.set(shape, plan)
  }
  requireCovered(plan.shape.piiKinds, query)
  const run = new Run({ snapshots: plan.snapshots, sources: query.sources === true, before: options.before })
  try {
    const tally = tallyOf(plan)
    const [data] = rowsOf(run, plan, run.all(plan.statement, [query.id]), tally)
    return data && { data, meta: metaOf(plan, run, tally, query) }
  } finally {
    run.end()
  }
}

/** Two requests of one shape differ in nothing that a plan depends on. JSON keeps names of any spelling apart. */
function shapeOf({ from, filter, sort, expand, bearers, ...reading }: Words): string {
  const isClear = purposeIn(reading) !== undefined
  return JSON.stringify([from, filter?.map(conditionShape), sort, expand, isClear, bearers])
}

const conditionShape = ({
  field,
  op,
  value,
}: {
  readonly field: string
  readonly op: string
  readonly value: unknown
}) => (op === 'isNull' ? [field, op, value] : [field, op])

/** Throws UsageError for values that do not fit their fields, and for a limit out of range. */
function boundsOf({ shape }: Answer, { filter, limit }: NamedPageQuery): Bounds {
  const hasLimit = limit !== undefined && !(Number.isInteger(limit) && limit >= 1 && limit <= MAX_LIMIT)
  if (filter === undefined && !hasLimit) return NO_BOUNDS
  const problems = new Problems()
  if (hasLimit) problems.add('limit', `Expected an integer from 1 to ${MAX_LIMIT}`)
  const bounds = shape.conditions.map(({ at, column, op }) => {
    const word = filter?.[at]
    const bound = bind(column.type, op, word?.value)
    if ('parameters' in bound) return bound.parameters
    problems.add(filterName(word?.field ?? ''), bound.problem)
    return []
  })
  problems.throwAny()
  return bounds
}

/** A cursor belongs to one resource, filter and sort. A filter's guarded values are left out: cursors travel in URLs. */
function markOf({ shape }: Answer, { from, filter, sort }: NamedPageQuery): string {
  const conditions = filter?.map((word, at) => {
    const column = shape.conditions[at]?.column
    return [word.field, word.op, column && isGuarded(column) ? null : word.value]
  })
  return mark(JSON.stringify([from, conditions ?? [], sort ?? []]))
}

const cursorOf = (plan: Answer, query: NamedPageQuery, next: Position): string => writeCursor(markOf(plan, query), next)

const tallyOf = ({ shape }: Answer): Tally => ({
  orphans: 0,
  answered: 0,
  truncated: [],
  subjects: shape.masked ? undefined : new Set(),
})

function rowsOf(run: Run, { build, expansions, subject }: Answer, raw: readonly Raw[], tally: Tally): Row[] {
  const rows = build(raw)
  if (subject && tally.subjects) addSubjects(tally.subjects, subject, raw)
  fill(run, expansions, { raw, rows, times: undefined }, tally)
  return rows
}

/** Rounded once, so that many short statements do not add up to nothing. */
const rounded = (figures: Figures): Source => ({ ...figures, microseconds: Math.round(figures.microseconds) })

function metaOf(
  { shape }: Answer,
  { figures }: Run,
  { orphans, truncated, subjects }: Tally,
  query: Pick<NamedPageQuery, 'pii'>,
): Meta {
  if (!figures && !subjects && truncated.length === 0) return { orphans }
  const purpose = purposeIn(query)
  return {
    orphans,
    ...(truncated.length > 0 && { truncated }),
    ...(figures && { sources: figures.map(rounded) }),
    ...(subjects && purpose && { pii: { purpose, fields: shape.piiFields, subjects: [...subjects] } }),
  }
}
