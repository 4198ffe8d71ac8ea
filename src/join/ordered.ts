// One table read in an order, from any place in it. The statement for each pattern of NULLs in the place is made when it
// is first needed and kept.
import { quote } from '../database/catalog.ts'
import type { CursorValue } from './cursor.ts'
import type { Kept, OpenFile, Raw, Run } from './files.ts'
import type { Condition, Sort } from './request.ts'
import { conditionText, keysetAfter, LIMIT, orderOf, orderText, whereText } from './statements.ts'
import type { Table } from './tables.ts'
import type { Parameter } from './values.ts'

/** The parameters of each condition of a request, by its place there. */
export type Bounds = readonly (readonly Parameter[])[]

export interface OrderedOptions {
  readonly file: OpenFile
  readonly table: Table
  /** Columns of alias `r`. */
  readonly select: string
  readonly conditions: readonly Condition[]
  readonly sort: Sort
  /** The column that decides where the keys are equal. */
  readonly tie: string
  /** Reads only rows whose value of this column is in a JSON array, the first parameter. */
  readonly among?: string
}

export class Ordered {
  /** How many values say where a row stands in the order. */
  readonly width: number
  readonly #conditions: readonly Condition[]
  readonly #order: ReturnType<typeof orderOf>
  readonly #prepare: (keyset: string) => Kept
  readonly #first: Kept
  readonly #after = new Map<string, { readonly statement: Kept; readonly places: readonly number[] }>()

  constructor({ file, table, select, conditions, sort, tie, among }: OrderedOptions) {
    this.#conditions = conditions
    this.#order = orderOf('r', sort, tie)
    this.width = this.#order.length
    const source = `${quote(table.name)} r`
    const from = among ? `json_each(?) k cross join ${source} on r.${quote(among)} = k.value` : source
    const wheres = conditions.map((condition) => conditionText('r', condition))
    const order = orderText(this.#order)
    this.#prepare = (keyset) => {
      const where = whereText(keyset === '' ? wheres : [...wheres, keyset])
      return file.prepare(`select ${select} from ${from}${where} order by ${order} ${LIMIT}`)
    }
    this.#first = this.#prepare('')
  }

  /** Up to `limit` rows after the place, or from the beginning. `among`: the JSON array, where the options name one. */
  read(run: Run, bounds: Bounds, after: readonly CursorValue[] | undefined, limit: number, among?: string): Raw[] {
    const parameters: Parameter[] = among === undefined ? [] : [among]
    for (const { at } of this.#conditions) for (const value of bounds[at] ?? []) parameters.push(value)
    if (after === undefined) {
      parameters.push(limit)
      return run.all(this.#first, parameters)
    }
    const { statement, places } = this.#statementAfter(after)
    for (const place of places) parameters.push(after[place] as Parameter)
    parameters.push(limit)
    return run.all(statement, parameters)
  }

  #statementAfter(after: readonly CursorValue[]): { readonly statement: Kept; readonly places: readonly number[] } {
    let pattern = ''
    for (let i = 0; i < this.width; i++) pattern += after[i] === null ? '0' : '1'
    const known = this.#after.get(pattern)
    if (known) return known
    const nulls = this.#order.map((_, index) => after[index] === null)
    const { text, places } = keysetAfter(this.#order, nulls)
    const made = { statement: this.#prepare(text), places }
    this.#after.set(pattern, made)
    return made
  }
}
