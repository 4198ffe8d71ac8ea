// The texts of statements. Identifiers come from the catalog and are quoted; values and keys are always parameters.
// Comparisons of text are SQLite's own (BINARY: by UTF-8 bytes, upper case apart from lower case).
import { quote } from '../database/catalog.ts'
import type { Condition, Sort } from './request.ts'
import type { Table } from './tables.ts'

/**
 * A plain `limit ?` makes SQLite compile the statement anew for every bound number, to plan for it; a sum is opaque to the
 * planner, and the statement stays compiled (one user with everything: 75 µs against 47).
 */
export const LIMIT = 'limit (? + 0)'

const COMPARISON = { eq: '=', ne: '<>', lt: '<', lte: '<=', gt: '>', gte: '>=' } as const

/** One condition with a place for each parameter that `bind` (values.ts) gives. NULL fulfils `isNull: true` alone. */
export function conditionText(alias: string, { column, op, isNull }: Condition): string {
  const name = `${alias}.${quote(column.name)}`
  if (op === 'isNull') return `${name} is ${isNull ? '' : 'not '}null`
  if (op === 'in') return `${name} in (select value from json_each(?))`
  if (op === 'contains') return `instr(${name}, ?) > 0`
  if (op === 'startsWith') return `${name} >= ? and ${name} < ?`
  return `${name} ${COMPARISON[op]} ?`
}

export const columnList = (alias: string, names: readonly string[]): string =>
  names.map((name) => `${alias}.${quote(name)}`).join(', ')

export const allColumns = (alias: string, table: Table): string =>
  columnList(
    alias,
    table.columns.map(({ name }) => name),
  )

export const whereText = (parts: readonly string[]): string => (parts.length > 0 ? ` where ${parts.join(' and ')}` : '')

/** What a page is ordered by: its sort keys, then a column that makes each place in the order a single row's. */
export interface OrderColumn {
  readonly sql: string
  readonly descending: boolean
  readonly nullable: boolean
}

/** The tie-break goes the way of the last key, so that an index on (key, id) gives the order in both directions. */
export function orderOf(alias: string, { keys, descending }: Sort, tie: string): readonly OrderColumn[] {
  const sorted = keys.map(({ column, descending }) => ({
    sql: `${alias}.${quote(column.name)}`,
    descending,
    nullable: column.nullable,
  }))
  const last = keys.at(-1)?.column
  if (last?.unique && !last.nullable) return sorted
  return [...sorted, { sql: `${alias}.${quote(tie)}`, descending, nullable: false }]
}

export const orderText = (order: readonly OrderColumn[]): string =>
  order.map(({ sql, descending }) => (descending ? `${sql} desc` : sql)).join(', ')

export interface Keyset {
  readonly text: string
  /** Which of the position's values stands at each place. */
  readonly places: readonly number[]
}

/**
 * The rows after a position in this order. `nulls[i]`: the position's value i is NULL, which SQLite puts before all
 * others and which no comparison finds, so each pattern of NULLs has a text of its own.
 */
export function keysetAfter(order: readonly OrderColumn[], nulls: readonly boolean[]): Keyset {
  const [first] = order
  if (!first) throw new Error('An order needs a column')
  const isUniform = order.every(({ descending, nullable }) => descending === first.descending && !nullable)
  if (isUniform) {
    const places = order.map((_, index) => index)
    const columns = order.map(({ sql }) => sql).join(', ')
    return { text: `(${columns}) ${first.descending ? '<' : '>'} (${order.map(() => '?').join(', ')})`, places }
  }
  const places: number[] = []
  // Says nothing new, but lets an index on the first column begin at the position.
  const starts = !nulls[0] && !(first.nullable && first.descending)
  const start = starts ? [`${first.sql} ${first.descending ? '<=' : '>='} ?`] : []
  if (starts) places.push(0)
  const branches = order.map((column, index) => {
    const equal = order.slice(0, index).map(({ sql }, before) => {
      if (nulls[before]) return `${sql} is null`
      places.push(before)
      return `${sql} = ?`
    })
    if (!nulls[index]) places.push(index)
    return [...equal, beyond(column, nulls[index] === true)].join(' and ')
  })
  return { text: [...start, `(${branches.join(' or ')})`].join(' and '), places }
}

function beyond({ sql, descending, nullable }: OrderColumn, isNull: boolean): string {
  if (isNull) return descending ? 'false' : `${sql} is not null`
  if (!descending) return `${sql} > ?`
  return nullable ? `(${sql} < ? or ${sql} is null)` : `${sql} < ?`
}

/** Rows by the values of one column. `key` is the value's place in the array; the cross join begins with the array. */
export function linkedText(table: Table, column: string, columns: string, more: readonly string[] = []): string {
  const on = [`p.${quote(column)} = k.value`, ...more].join(' and ')
  return `select k.key, ${columns} from json_each(?) k cross join ${quote(table.name)} p on ${on}`
}

/** The newest rows of each value: for lists too long to read whole. */
export function newestText(table: Table, column: string): string {
  const name = quote(table.name)
  return (
    `select k.key, ${allColumns('p', table)} from json_each(?) k cross join ${name} p on p.rowid in ` +
    `(select q.rowid from ${name} q where q.${quote(column)} = k.value order by q.rowid desc ${LIMIT}) ` +
    'order by k.key, p.rowid'
  )
}
