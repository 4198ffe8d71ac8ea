// Writes rows of a log with their links (chain.ts). Where the chain ends is remembered from the last time; whether it still ends
// there, the insert itself finds out, since a change may have been taken back and another process may have written.
import type { Statement } from 'better-sqlite3'
import { type CatalogModel, quote } from './catalog.ts'
import { addCell, chainedModels, digestOf, linkDigestOf, linkText, newestIn, rowIdOf } from './chain.ts'
import { adopt, sharing } from './chain-begin.ts'
import type { Connection } from './connections.ts'
import type { Domain } from './domains.ts'
import type { Stored } from './row-codec.ts'

/** A row to insert: `values` as SQLite is to have them, in the order of `columns`. */
export interface Entry {
  readonly columns: readonly string[]
  readonly values: readonly Stored[]
}

export interface Chain {
  /**
   * Inserts rows and links them; those of one second share a link. Where the file has no chain yet, it begins with every row that
   * is there. Needs a transaction of the caller's.
   */
  insert(model: CatalogModel, entries: readonly Entry[]): void
}

type Prepare = (sql: string) => Statement<unknown[], unknown>

export function chainOver(domain: Domain, connection: Connection, prepare: Prepare): Chain {
  const newest = newestIn(chainedModels(domain), connection)
  const shapes = new Map<string, Shape>()
  let last: Shape | undefined
  let known: Known | undefined

  const shapeOf = (model: CatalogModel, columns: readonly string[]): Shape => {
    if (last?.model === model && areSame(last.columns, columns)) return last
    const name = `${model.name} ${columns.join()}`
    last = shapes.get(name) ?? makeShape(model, columns, prepare)
    shapes.set(name, last)
    return last
  }
  const begin = (): Known => {
    const { position, hash } = newest() ?? adopt(domain, connection)
    return { position, digest: hash.toString('hex'), text: '' }
  }
  const link = (model: CatalogModel, rows: readonly Row[]): void => {
    const made = known?.text && nextLink(known, model, rows)
    if (made && known && insertRows(rows, made, known)) known = made
    else {
      known = nextLink(begin(), model, rows)
      insertRows(rows, known, undefined)
    }
  }
  return {
    insert(model, entries) {
      const rows = entries.map(({ columns, values }) => rowOf(shapeOf(model, columns), values))
      for (const some of sharing(rows, timeOf)) link(model, some)
    },
  }
}

interface Known {
  readonly position: number
  readonly digest: string
  /** As it stands in its row; empty where that is not known. */
  readonly text: string
}

/** What is the same for rows with the same columns. */
interface Shape {
  readonly model: CatalogModel
  readonly columns: readonly string[]
  /** Where the columns that are given stand in the order of the schema. */
  readonly order: readonly number[]
  readonly keyAt: number
  readonly timeAt: number
  readonly insert: Statement<unknown[], unknown>
  /** Inserts nothing where the chain does not end as expected. */
  readonly insertAfter: Statement<unknown[], unknown>
}

function makeShape(model: CatalogModel, columns: readonly string[], prepare: Prepare): Shape {
  const table = quote(model.name)
  const keyAt = columns.indexOf(model.key[0] ?? '')
  const into = `into ${table} (${[...columns, 'chainPosition', 'chainHash'].map(quote).join(', ')}) values`
  // Values and no query over the table: SQLite would put what is inserted aside first. Without its key, a row is ignored. A last
  // row with another hash, or with none, is not where the chain ended (chain-kept.ts sees to it when the last row goes).
  const key = `iif((select chainHash from ${table} order by rowid desc limit 1) = ?, ?, null)`
  const marks = columns.map((_, at) => (at === keyAt ? key : '?')).join(', ')
  return {
    model,
    columns,
    order: model.columns.map(({ name }) => columns.indexOf(name)).filter((at) => at >= 0),
    keyAt,
    timeAt: columns.indexOf('createdAt'),
    insert: prepare(`insert ${into} (${columns.map(() => '?, ').join('')}?, ?)`),
    insertAfter: prepare(`insert or ignore ${into} (${marks}, ?, ?)`),
  }
}

/** Mostly the last row's: to compare costs a fraction of making a name. */
const areSame = (some: readonly string[], others: readonly string[]): boolean =>
  some.length === others.length && some.every((one, at) => one === others[at])

interface Row {
  readonly shape: Shape
  readonly values: readonly Stored[]
  readonly digest: string
}

function rowOf(shape: Shape, values: readonly Stored[]): Row {
  const cells: unknown[] = []
  for (const at of shape.order) addCell(cells, shape.columns[at] ?? '', values[at])
  return { shape, values, digest: digestOf(JSON.stringify(cells)) }
}

const keyOf = ({ shape, values }: Row): string => String(values[shape.keyAt])
const timeOf = ({ shape, values }: Row): string => String(values[shape.timeAt])

function nextLink(before: Known, { name: log }: CatalogModel, rows: readonly Row[]): Known {
  const [position, [first]] = [before.position + 1, rows]
  const digests = rows.map((row) => row.digest)
  const [rowId, createdAt] = [rowIdOf(rows.map(keyOf)), first ? timeOf(first) : '']
  const digest = linkDigestOf(before.digest, { position, log, rowId, createdAt, rowDigests: digests.join('') })
  return { position, digest, text: linkText(digest, digests) }
}

/** False, with nothing inserted, where the chain does not end with `after`. */
function insertRows(rows: readonly Row[], { position, text }: Known, after: Known | undefined): boolean {
  for (const [at, { shape, values }] of rows.entries()) {
    const hash = at === rows.length - 1 ? text : null
    if (at > 0 || !after) shape.insert.run(...values, position, hash)
    else {
      const all = values.toSpliced(shape.keyAt, 0, after.text)
      if (shape.insertAfter.run(...all, position, hash).changes === 0) return false
    }
  }
  return true
}
