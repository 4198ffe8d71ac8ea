// The keys of the rows that a condition lets through, collected from the condition's side: first the rows that fulfil
// it, then, link by link, the rows that name them, up to the resource itself. Good where few rows fit. Every statement
// stops as soon as there are more than the bound, so that trying costs little.
import { quote } from '../database/catalog.ts'
import { type Check, compileChecks } from './checks.ts'
import type { Files, Kept, Raw, Run } from './files.ts'
import type { Bounds } from './ordered.ts'
import type { Condition, FilterNode, Shape } from './request.ts'
import { conditionText, LIMIT, whereText } from './statements.ts'
import type { Table } from './tables.ts'
import type { Parameter } from './values.ts'

export interface Matcher {
  /** An index leads to the rows: trying costs no more than the bound. */
  readonly isIndexed: boolean
  /** What the keys do not answer. */
  readonly checks: readonly Check[]
  readonly steps: readonly Step[]
}

interface Step {
  readonly statement: Kept
  readonly conditions: readonly Condition[]
}

const SEEKING = new Set(['eq', 'in', 'lt', 'lte', 'gt', 'gte', 'startsWith', 'isNull'])

/**
 * One for each table with conditions. A table whose absence fulfils them has no row to begin with; the resource's own
 * conditions help only where another table gives the order, since else they are part of the scan.
 */
export function compileMatchers({ filter, sort }: Shape, files: Files): readonly Matcher[] {
  const chains = chainsOf(filter, [])
  const own: FilterNode[][] = sort.links.length > 0 && filter.conditions.length > 0 ? [[filter]] : []
  return [...own, ...chains].map((chain) => compile(filter, chain, files))
}

/** The keys as they come, at most `bound` of them; undefined where there are more. */
export function collect(
  run: Run,
  { steps }: Matcher,
  bounds: Bounds,
  bound: number,
): readonly Raw[number][] | undefined {
  let values: Raw[number][] = []
  for (const [index, { statement, conditions }] of steps.entries()) {
    if (index > 0 && values.length === 0) return values
    const parameters: Parameter[] = index > 0 ? [JSON.stringify(values)] : []
    for (const { at } of conditions) parameters.push(...(bounds[at] ?? []))
    parameters.push(bound + 1)
    const rows = run.all(statement, parameters)
    if (rows.length > bound) return undefined
    values = [...new Set(rows.map((row) => row[0] as Raw[number]))]
  }
  return values
}

/** Paths from the resource to every table with conditions. */
function chainsOf(node: FilterNode, before: readonly FilterNode[]): FilterNode[][] {
  return node.children.flatMap((child) => {
    if (child.absentable) return []
    const chain = [...before, child]
    return [...(child.conditions.length > 0 ? [chain] : []), ...chainsOf(child, chain)]
  })
}

function compile(root: FilterNode, chain: readonly FilterNode[], files: Files): Matcher {
  const last = chain.at(-1) ?? root
  const [first] = chain
  const inner = chain.toReversed()
  const steps = inner.map((node, index) => {
    const behind = inner[index - 1]?.relation?.fromColumn
    return stepOf(node.table, node.relation?.toColumn ?? node.table.key, behind, node.conditions, files)
  })
  const from = first?.relation?.fromColumn
  if (from !== undefined && from !== root.table.key) steps.push(stepOf(root.table, root.table.key, from, [], files))
  const isAnswered = first !== undefined && isWhole(first, chain)
  const rest = isAnswered ? { ...root, children: root.children.filter((child) => child !== first) } : root
  return {
    isIndexed: last.conditions.some((one) => isSeeking(last.table, one)),
    checks: compileChecks(rest, files),
    steps,
  }
}

/** The values of one column in the rows that fulfil the conditions and, after the first step, name one of the values. */
function stepOf(
  table: Table,
  column: string,
  by: string | undefined,
  conditions: readonly Condition[],
  files: Files,
): Step {
  const source = `${quote(table.name)} p`
  const from = by === undefined ? source : `json_each(?) k cross join ${source} on p.${quote(by)} = k.value`
  const wheres = [...conditions.map((condition) => conditionText('p', condition)), `p.${quote(column)} is not null`]
  const sql = `select p.${quote(column)} from ${from}${whereText(wheres)} ${LIMIT}`
  return { statement: files[table.domain].prepare(sql), conditions }
}

/** Nothing hangs on the chain's first table but the chain. */
const isWhole = (node: FilterNode, chain: readonly FilterNode[]): boolean =>
  chain.includes(node) && node.children.every((child) => isWhole(child, chain))

function isSeeking(table: Table, { column, op, isNull }: Condition): boolean {
  return table.indexed.has(column.name) && SEEKING.has(op) && (op !== 'isNull' || isNull)
}
