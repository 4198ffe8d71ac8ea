// What a restore takes away, row by row: two files of one domain, each table merged by its key.
import { type CatalogModel, modelsOf, quote } from '../../database/catalog.ts'
import type { Connection } from '../../database/connections.ts'
import type { Domain } from '../../database/domains.ts'
import { compareValues } from '../../join/compare.ts'

type Cell = string | number | Buffer | null
type Row = readonly Cell[]

export interface Differences {
  readonly rows: number
  /** Keys as text, in their order; at most 10,000. */
  readonly ids: readonly string[]
}

export interface TableLoss {
  readonly table: string
  /** Rows in the live file and in the backup. */
  readonly live: number
  readonly backup: number
  /** In the live file alone: gone after the restore. */
  readonly lost: Differences
  /** In both, with other values: as they were in the backup after the restore. */
  readonly changed: Differences
  /** In the backup alone: there again after the restore. */
  readonly back: Differences
}

const MAX_IDS = 10_000

/** Tables in which the two differ. */
export function lossesOf(domain: Domain, live: Connection, backup: Connection): readonly TableLoss[] {
  return modelsOf(domain)
    .map((model) => lossOf(model, live, backup))
    .filter(({ lost, changed, back }) => lost.rows + changed.rows + back.rows > 0)
}

function lossOf(model: CatalogModel, live: Connection, backup: Connection): TableLoss {
  const columns = sharedColumns(model, live, backup)
  const [lost, changed, back] = [collector(), collector(), collector()]
  let [inLive, inBackup] = [0, 0]
  const width = model.key.length
  for (const [one, other] of merged(rowsOf(live, model, columns), rowsOf(backup, model, columns), width)) {
    if (one) inLive += 1
    if (other) inBackup += 1
    if (one && !other) lost.add(one.slice(0, width))
    if (other && !one) back.add(other.slice(0, width))
    if (one && other && !isSame(one, other)) changed.add(one.slice(0, width))
  }
  const all = { lost: lost.found, changed: changed.found, back: back.found }
  return { table: model.name, live: inLive, backup: inBackup, ...all }
}

/** A table that one of them lacks has no columns there, and no rows. */
function sharedColumns(model: CatalogModel, ...connections: readonly Connection[]): readonly string[] {
  const found = connections.map((connection) => {
    const info = connection.pragma(`table_info(${quote(model.name)})`) as { name: string }[]
    return new Set(info.map(({ name }) => name))
  })
  const rest = model.columns.map(({ name }) => name).filter((name) => !model.key.includes(name))
  return [...model.key, ...rest].filter((name) => found.every((names) => names.has(name)))
}

function rowsOf(connection: Connection, { name, key }: CatalogModel, columns: readonly string[]): Iterator<Row> {
  if (!key.every((column) => columns.includes(column))) return [].values()
  const list = columns.map(quote).join(', ')
  const sql = `select ${list} from ${quote(name)} order by ${key.map(quote).join(', ')}`
  return connection.prepare(sql).raw().iterate() as IterableIterator<Row>
}

function* merged(
  left: Iterator<Row>,
  right: Iterator<Row>,
  width: number,
): Generator<[Row | undefined, Row | undefined]> {
  let [one, other] = [left.next(), right.next()]
  while (!one.done || !other.done) {
    const order = one.done ? 1 : other.done ? -1 : compareKeys(one.value, other.value, width)
    yield [order <= 0 ? one.value : undefined, order >= 0 ? other.value : undefined]
    const [goLeft, goRight] = [order <= 0, order >= 0]
    if (goLeft) one = left.next()
    if (goRight) other = right.next()
  }
}

function compareKeys(one: Row, other: Row, width: number): number {
  for (let at = 0; at < width; at++) {
    const order = compareValues(one[at] as string | number, other[at] as string | number)
    if (order !== 0) return order
  }
  return 0
}

const isSame = (one: Row, other: Row): boolean =>
  one.every((cell, at) => {
    const twin = other[at]
    return cell instanceof Buffer && twin instanceof Buffer ? cell.equals(twin) : cell === twin
  })

function collector() {
  const ids: string[] = []
  let rows = 0
  return {
    add(key: Row) {
      rows += 1
      if (ids.length < MAX_IDS) ids.push(key.join(' '))
    },
    get found(): Differences {
      return { rows, ids }
    },
  }
}
