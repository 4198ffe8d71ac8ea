// Which rows fulfil the conditions on linked rows: a batch at a time, one statement per link, keys as JSON.
//
// A condition behind a link to many means that some row fulfils it; all conditions behind that link speak of the same
// row. NULL fulfils nothing but `isNull: true`, which behind links to one is also fulfilled by a row that is not there.
import { quote } from '../database/catalog.ts'
import type { Files, Kept, Raw, Run } from './files.ts'
import type { Bounds } from './ordered.ts'
import type { Condition, FilterNode } from './request.ts'
import { columnList, conditionText, linkedText } from './statements.ts'
import { positionOf } from './tables.ts'
import type { Parameter } from './values.ts'

/** The conditions behind one link. */
export interface Check {
  readonly node: FilterNode
  /** Where the link's value stands in the parent's raw rows. */
  readonly from: number
  readonly statement: Kept
  readonly conditions: readonly Condition[]
  readonly absentable: boolean
  readonly children: readonly Check[]
}

/** Checks for the links of a resource; raw rows hold all its columns. */
export const compileChecks = (root: FilterNode, files: Files): readonly Check[] =>
  root.children.map((node) => {
    const column = node.relation?.fromColumn ?? ''
    return compile(node, positionOf(root.table, column), files)
  })

/** The rows of `raw` that fulfil all checks, in their order. */
export function passing(run: Run, checks: readonly Check[], raw: readonly Raw[], bounds: Bounds): readonly Raw[] {
  let rest = raw
  for (const check of checks) {
    if (rest.length === 0) return rest
    rest = passingOne(run, check, rest, bounds)
  }
  return rest
}

function compile(node: FilterNode, from: number, files: Files): Check {
  const { relation, table, conditions, absentable } = node
  if (!relation) throw new Error('Only linked rows are checked')
  const columns = [...new Set(node.children.map((child) => child.relation?.fromColumn ?? ''))]
  // A raw row: the key's place, whether the row fulfils its own conditions, and the values that link on.
  const children = node.children.map((child) =>
    compile(child, 2 + columns.indexOf(child.relation?.fromColumn ?? ''), files),
  )
  const texts = conditions.map((condition) => conditionText('p', condition))
  const select = (fulfilled: string) =>
    [fulfilled, ...(columns.length > 0 ? [columnList('p', columns)] : [])].join(', ')
  const column = relation.toColumn
  const sql = () => {
    if (absentable) return linkedText(table, column, select(texts.join(' and ') || 'true'))
    if (children.length > 0) return linkedText(table, column, select('true'), texts)
    const some = [`p.${quote(column)} = k.value`, ...texts].join(' and ')
    return `select k.key from json_each(?) k where exists (select 1 from ${quote(table.name)} p where ${some})`
  }
  return { node, from, statement: files[table.domain].prepare(sql()), conditions, absentable, children }
}

function passingOne(run: Run, check: Check, raw: readonly Raw[], bounds: Bounds): readonly Raw[] {
  const { from, absentable } = check
  const places = new Map<Raw[number], number>()
  for (const row of raw) {
    const value = row[from] ?? null
    if (value !== null && !places.has(value)) places.set(value, places.size)
  }
  const fulfilled = places.size > 0 ? fulfilledPlaces(run, check, places, bounds) : new Uint8Array(0)
  return raw.filter((row) => {
    const value = row[from] ?? null
    return value === null ? absentable : fulfilled[places.get(value) ?? -1] === 1
  })
}

function fulfilledPlaces(run: Run, check: Check, places: ReadonlyMap<Raw[number], number>, bounds: Bounds): Uint8Array {
  const { absentable, children } = check
  const parameters: Parameter[] = [JSON.stringify([...places.keys()])]
  for (const { at } of check.conditions) parameters.push(...(bounds[at] ?? []))
  const found = run.all(check.statement, parameters)
  const fulfilled = new Uint8Array(places.size).fill(absentable ? 1 : 0)
  if (absentable) for (const row of found) fulfilled[row[0] as number] = 0
  const own = absentable ? found.filter((row) => row[1] === 1) : found
  for (const row of passing(run, children, own, bounds)) fulfilled[row[0] as number] = 1
  return fulfilled
}
