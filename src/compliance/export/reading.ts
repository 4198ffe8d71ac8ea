// The rows of one table that lead to a person, each once, a page at a time: no iterator stays open while whoever takes them
// is slow, and 100,000 rows need no more memory than one.
import type { Statement } from 'better-sqlite3'
import { type CatalogModel, quote } from '../../database/catalog.ts'
import type { Connection } from '../../database/connections.ts'
import type { Domain } from '../../database/domains.ts'
import { emailKey } from '../../identity/emails.ts'
import { ACTS } from '../../saga/elsewhere.ts'
import { isTheirs, type Person, timeIn } from './person.ts'
import type { Way, WaysOf } from './ways.ts'

export type Cell = string | number | bigint | Uint8Array | null
export type Row = Readonly<Record<string, Cell>>

export interface Reading {
  readonly readers: Readonly<Record<Domain, Connection>>
  readonly models: readonly CatalogModel[]
  readonly waysOf: WaysOf
  readonly person: Person
}

/** Between two pages: a good moment to let others have their turn. */
export const TURN = Symbol('turn')
export type Turn = typeof TURN

const PAGE = 200
/** Rows of a table without an index that are looked through at a time. */
const WINDOW = 20_000
const CHOSEN = 'select value from json_each(?)'
/** Tables may have a column rowId, which hides the shorter name. */
const ROW = '"row of it"'

const statements = new WeakMap<Connection, Map<string, Statement<unknown[], unknown>>>()

/** Prepared once for each connection. */
export function query<T>(connection: Connection, sql: string, ...values: readonly unknown[]): T[] {
  const kept = statements.get(connection) ?? new Map<string, Statement<unknown[], unknown>>()
  statements.set(connection, kept)
  const statement = kept.get(sql) ?? connection.prepare<unknown[], unknown>(sql)
  kept.set(sql, statement)
  return statement.all(...values) as T[]
}

export function* rowsOf(reading: Reading, model: CatalogModel): Generator<Row | Turn> {
  const ways = reading.waysOf(model)
  for (const [at, way] of ways.entries()) {
    for (const row of rowsBy(reading, model, way)) {
      if (row === TURN) yield row
      else if (isOn(reading, model, row, way) && !ways.slice(0, at).some((one) => isOn(reading, model, row, one)))
        yield row
    }
  }
}

/** May give rows that do not lead to the person after all. */
function* rowsBy(reading: Reading, model: CatalogModel, way: Way): Generator<Row | Turn> {
  const { person } = reading
  const ids = JSON.stringify(person.ids)
  const keys = JSON.stringify(person.addresses.map(({ key }) => key))
  if (way.kind === 'names' && isIndexed(model, way.column)) {
    for (const id of person.ids) yield* paged(reading, model, `${quote(way.column)} = ?`, id)
  } else if (way.kind === 'names') yield* windowed(reading, model, `${quote(way.column)} in (${CHOSEN})`, ids)
  else if (way.kind === 'email') yield* windowed(reading, model, fits(way.column), keys)
  else if (way.kind === 'lists')
    yield* windowed(
      reading,
      model,
      `exists (select 1 from json_each(${quote(way.column)}) where value in (${CHOSEN}))`,
      ids,
    )
  else if (way.kind === 'through') yield* throughRows(reading, model, way)
  else {
    yield* textRows(reading, model)
    for (const row of windowed(reading, model, fits('value'), keys))
      if (row === TURN || !isInTheirText(reading, row)) yield row
  }
}

/** SQLite's lower() knows ASCII alone: whatever is beyond it is judged by `isOn`. */
const fits = (column: string): string =>
  `(lower(trim(${quote(column)})) in (${CHOSEN}) or ${quote(column)} glob '*[^ -~]*')`

const isIndexed = (model: CatalogModel, column: string): boolean =>
  model.columns.some(({ name, unique }) => name === column && unique) ||
  model.key[0] === column ||
  model.indexes.some(([first]) => first === column)

const listOf = (model: CatalogModel): string => model.columns.map(({ name }) => quote(name)).join(', ')

function* paged({ readers }: Reading, model: CatalogModel, where: string, value: string): Generator<Row | Turn> {
  const sql = `select _rowid_ as ${ROW}, ${listOf(model)} from ${quote(model.name)}
    where ${where} and _rowid_ > ? order by _rowid_ limit ${PAGE}`
  for (let last: unknown = -(2n ** 63n); ; yield TURN) {
    const rows = query<Row>(readers[model.domain], sql, value, last)
    yield* rows
    if (rows.length < PAGE) return
    last = rows.at(-1)?.['row of it']
  }
}

function* windowed({ readers }: Reading, model: CatalogModel, where: string, value: string): Generator<Row | Turn> {
  const reader = readers[model.domain]
  const table = quote(model.name)
  const [ends] = query<{ first: number | null; last: number }>(
    reader,
    `select (select min(_rowid_) from ${table}) as first, (select max(_rowid_) from ${table}) as last`,
  )
  if (!ends || ends.first === null) return
  const sql = `select _rowid_ as ${ROW}, ${listOf(model)} from ${table}
    where _rowid_ > ? and _rowid_ <= ? and ${where} order by _rowid_ limit ${PAGE}`
  for (let low = ends.first - 1; low < ends.last; yield TURN) {
    const high = low + WINDOW
    const rows = query<Row>(reader, sql, low, high, value)
    yield* rows
    low = rows.length < PAGE ? high : Number(rows.at(-1)?.['row of it'])
  }
}

function* throughRows(
  reading: Reading,
  model: CatalogModel,
  { column, to, toColumn }: Extract<Way, { kind: 'through' }>,
): Generator<Row | Turn> {
  for (const keys of batches(directRows(reading, to), toColumn)) {
    if (keys === TURN) yield keys
    else yield* paged(reading, model, `${quote(column)} in (${CHOSEN})`, JSON.stringify(keys))
  }
}

/** What was taken out of texts about the person. */
function* textRows(reading: Reading, values: CatalogModel): Generator<Row | Turn> {
  for (const model of reading.models) {
    const [key = ''] = model.key
    const places = model.columns
      .filter((column) => column.class === 'freetext')
      .map(({ name }) => `${model.domain}.${model.name}.${name}`)
    if (places.length === 0) continue
    for (const keys of batches(rowsOf(reading, model), key))
      for (const place of places) {
        if (keys === TURN) yield keys
        else yield* paged(reading, values, `place = '${place}' and rowId in (${CHOSEN})`, JSON.stringify(keys))
      }
  }
}

function* batches(rows: Iterable<Row | Turn>, column: string): Generator<Cell[] | Turn> {
  let batch: Cell[] = []
  for (const row of rows) {
    if (row === TURN) yield TURN
    else batch.push(row[column] ?? null)
    if (batch.length < PAGE) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}

/** Rows that lead to the person by themselves. */
function* directRows(reading: Reading, model: CatalogModel): Generator<Row | Turn> {
  const direct = (one: CatalogModel) => reading.waysOf(one).filter(({ kind }) => kind !== 'through')
  yield* rowsOf({ ...reading, waysOf: direct }, model)
}

/** Whether a row leads to the person this way. */
export function isOn(reading: Reading, model: CatalogModel, row: Row, way: Way): boolean {
  const { person } = reading
  if (way.kind === 'text') return isOfTheirText(reading, row)
  const value = row[way.column]
  if (value === null || value === undefined) return false
  if (way.kind === 'names') return person.ids.includes(String(value))
  if (way.kind === 'lists')
    return (JSON.parse(String(value)) as unknown[]).some((id) => person.ids.includes(String(id)))
  if (way.kind === 'email') return isOfTheirAddress(reading, model, row, String(value))
  const [target] = rowsByKey(reading, way.to, way.toColumn, value)
  return target !== undefined && isDirect(reading, way.to, target)
}

const isDirect = (reading: Reading, model: CatalogModel, row: Row): boolean =>
  reading.waysOf(model).some((way) => way.kind !== 'through' && isOn(reading, model, row, way))

export const rowsByKey = ({ readers }: Reading, model: CatalogModel, column: string, value: Cell): Row[] =>
  query<Row>(
    readers[model.domain],
    `select ${listOf(model)} from ${quote(model.name)} where ${quote(column)} = ? limit 1`,
    value,
  )

/** An address may have passed on; and a session of somebody else's that says so is theirs. */
function isOfTheirAddress({ person, models, readers }: Reading, model: CatalogModel, row: Row, email: string): boolean {
  const at = model.columns.some(({ name }) => name === 'createdAt') ? timeIn(row.createdAt) : undefined
  if (!isTheirs(person, email, at)) return false
  const sessionId = typeof row.meta === 'string' ? /"sessionId":"([^"\\]+)"/.exec(row.meta)?.[1] : undefined
  if (sessionId === undefined || !models.some(({ name }) => name === 'Session')) return true
  const [session] = query<{ userId: string }>(readers.identity, 'select userId from "Session" where id = ?', sessionId)
  return session === undefined || person.ids.includes(session.userId)
}

/** A detached value: the person's address; or anything but the address of somebody else, out of a text about them. */
const isOfTheirText = (reading: Reading, row: Row): boolean =>
  isTheirs(reading.person, String(row.value), timeIn(row.createdAt)) ||
  (isInTheirText(reading, row) && !isOfSomebodyElse(reading, String(row.value)))

function isInTheirText(reading: Reading, row: Row): boolean {
  const [domain, name, column] = String(row.place).split('.')
  const model = reading.models.find((one) => one.domain === domain && one.name === name)
  if (!model || column === undefined) return false
  const [source] = rowsByKey(reading, model, model.key[0] ?? '', row.rowId ?? null)
  return source !== undefined && isAbout(reading, model, source)
}

/** Whether the personal information in a row is the person's: see saga/elsewhere.ts, which erases by the same rule. */
export function isAbout(reading: Reading, model: CatalogModel, row: Row): boolean {
  const people = model.links.filter(({ subject, to }) => subject || to.model === 'User')
  const isNamed = ({ column }: { readonly column: string }) => reading.person.ids.includes(String(row[column]))
  const about = people.filter(({ name }) => !ACTS.has(name))
  if (about.length > 0) return about.some(isNamed)
  if (people.length > 0 && people.some(isNamed)) return !reading.person.isAdministrator
  return isDirect(reading, model, row)
}

/** The address of another person whom identity.db knows. */
export function isOfSomebodyElse({ readers, person }: Reading, text: string): boolean {
  if (!text.includes('@')) return false
  const key = emailKey(text)
  const owners = query<{ id: string }>(
    readers.identity,
    `select id from "User" where email = ? or email = ? union select id from "Contact" where emailKey = ?`,
    ...[text, key, key],
  )
  return owners.length > 0 && !owners.some(({ id }) => person.ids.includes(id))
}
