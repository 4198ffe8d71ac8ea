// Whose personal information a filter read to give its answer. A filter says of every row of the page that somewhere
// behind it a person's value fits; the account names the rows that fit, and no others. They are looked for from the
// page's rows along the filter's links, under the filter's conditions, one statement per link.
import { quote } from '../database/catalog.ts'
import { UsageError } from '../errors.ts'
import type { Subject } from './expand.ts'
import type { Files, Kept, Raw, Run } from './files.ts'
import type { Bounds } from './ordered.ts'
import type { Condition, FilterNode } from './request.ts'
import { conditionText, LIMIT } from './statements.ts'
import { isPii, positionOf, type Table } from './tables.ts'
import type { Parameter } from './values.ts'

/** An account that leaves anyone out is none, so a filter that fits more rows behind one page is refused. */
const MAX_COMPARED = 20_000
/** Rows of a table on the way, of which the filter says nothing personal. */
const MAX_PASSED = 100_000

/** The way from a resource's rows to one table whose personal information the filter names. */
export interface Comparison {
  /** Where the first link's value stands in the resource's raw rows. */
  readonly from: number
  readonly steps: readonly Step[]
  readonly prefix: string
}

interface Step {
  readonly statement: Kept
  readonly conditions: readonly Condition[]
  /** The most values that it may give. */
  readonly bound: number
}

/** The resource's own rows are in the answer, and accounted for with it. */
export function compileCompared(
  root: FilterNode,
  files: Files,
  subjectOf: (table: Table, offset: number) => Subject | undefined,
): readonly Comparison[] {
  return chainsOf(root, []).map((chain): Comparison => {
    const steps = chain.map((node, index) => stepOf(node, chain[index + 1]?.relation?.fromColumn, files))
    const [first, last] = [chain[0] as FilterNode, chain.at(-1) as FilterNode]
    const from = positionOf(root.table, first.relation?.fromColumn ?? '')
    return { from, steps, prefix: subjectOf(last.table, 0)?.prefix ?? '' }
  })
}

/** `raw`: the page's rows. Throws UsageError where more rows fit than one account holds. */
export function addCompared(
  run: Run,
  comparisons: readonly Comparison[],
  raw: readonly Raw[],
  bounds: Bounds,
  subjects: Set<string>,
): void {
  for (const { from, steps, prefix } of comparisons) {
    let values = new Set(raw.map((row) => row[from] ?? null))
    for (const step of steps) values = follow(run, step, values, bounds)
    for (const value of values) subjects.add(prefix + value)
  }
}

/** Paths from the resource to every table with a condition on personal information. */
function chainsOf(node: FilterNode, before: readonly FilterNode[]): FilterNode[][] {
  return node.children.flatMap((child) => {
    const chain = [...before, child]
    const isCompared = child.conditions.some(({ column }) => isPii(column))
    return [...(isCompared ? [chain] : []), ...chainsOf(child, chain)]
  })
}

function stepOf({ relation, table, conditions }: FilterNode, next: string | undefined, files: Files): Step {
  const on = [`p.${quote(relation?.toColumn ?? '')} = k.value`, ...conditions.map((one) => conditionText('p', one))]
  const values = `select distinct p.${quote(next ?? table.key)} from json_each(?) k`
  const sql = `${values} cross join ${quote(table.name)} p on ${on.join(' and ')} ${LIMIT}`
  const bound = next === undefined ? MAX_COMPARED : MAX_PASSED
  return { statement: files[table.domain].prepare(sql), conditions, bound }
}

function follow(
  run: Run,
  { statement, conditions, bound }: Step,
  from: Set<Raw[number]>,
  bounds: Bounds,
): Set<Raw[number]> {
  from.delete(null)
  if (from.size === 0) return from
  const parameters: Parameter[] = [JSON.stringify([...from])]
  for (const { at } of conditions) parameters.push(...(bounds[at] ?? []))
  const found = run.all(statement, [...parameters, bound + 1])
  if (found.length > bound) throw tooMany(bound)
  return new Set(found.map(([value]) => value ?? null))
}

function tooMany(bound: number): UsageError {
  const message =
    `Behind the rows of one page a filter by personal information may lead to at most ${bound} rows of a table, ` +
    'since those that it fits are written down as read'
  return new UsageError(message, { errors: [{ at: 'filter', message }], hint: 'Narrow the filter or lower limit.' })
}
