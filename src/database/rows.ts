// Rows of one file by prepared statements, typed by Prisma's schemas: what a change reads and writes. Prisma prepares and
// plans each query anew (some 200 µs); a change over three files, with its messages, has no time for that. Everything is
// synchronous, so that a transaction never stands open while something else runs.
import type { Statement } from 'better-sqlite3'
import type { Prisma as Admin } from '../generated/admin/client.ts'
import type { Prisma as Billing } from '../generated/billing/client.ts'
import type { Prisma as Identity } from '../generated/identity/client.ts'
import { type CatalogModel, modelNamed, modelsOf, quote } from './catalog.ts'
import type { RowLink } from './chain.ts'
import { type Chain, chainOver, type Entry } from './chain-write.ts'
import type { Connection } from './connections.ts'
import type { Domain } from './domains.ts'
import { type Codec, codecOf, type Stored } from './row-codec.ts'

interface Models {
  identity: Identity.TypeMap['model']
  billing: Billing.TypeMap['model']
  admin: Admin.TypeMap['model']
}

/** Models that each file of these domains has: of every domain, those of the outbox. */
export type ModelOf<D extends Domain> = { [K in D]: keyof Models[K] }[D] & keyof Models[D] & string

/** A row: times as Date, the rest as in the schema; of a log without its link. */
export type RowOf<D extends Domain, M extends ModelOf<D>> = Models[D][M] extends { payload: { scalars: infer R } }
  ? { [K in Exclude<keyof R, keyof RowLink>]: R[K] }
  : never

type NullableKeys<R> = { [K in keyof R]: null extends R[K] ? K : never }[keyof R]

/** A row to insert: what may be null may be left out; nothing else is filled in. */
export type NewRow<R> = Omit<R, NullableKeys<R>> & Partial<Pick<R, NullableKeys<R>>>

type Where<R> = { readonly [K in keyof R]?: R[K] }

/** Reads of one file. */
export interface Rows<D extends Domain> {
  readonly domain: D
  /** The row whose columns equal these, null included; the first where several do. */
  find<M extends ModelOf<D>>(model: M, where: Where<RowOf<D, M>>): RowOf<D, M> | undefined
  /** `order` is SQL of the caller's own: `expiresAt, id`. Without it, in the order of writing. */
  list<M extends ModelOf<D>>(model: M, where: Where<RowOf<D, M>>, order?: string): RowOf<D, M>[]
  /** Any query; values as SQLite has them. */
  all<T>(sql: string, ...values: readonly Stored[]): T[]
}

/** One transaction on one file. */
export interface Tx<D extends Domain = Domain> extends Rows<D> {
  insert<M extends ModelOf<D>>(model: M, row: NewRow<RowOf<D, M>>): void
  /** The same row by row; in a log it costs less. */
  insertAll<M extends ModelOf<D>>(model: M, rows: readonly NewRow<RowOf<D, M>>[]): void
  /** The number of rows that fitted. */
  update<M extends ModelOf<D>>(model: M, where: Where<RowOf<D, M>>, changes: Where<RowOf<D, M>>): number
  remove<M extends ModelOf<D>>(model: M, where: Where<RowOf<D, M>>): number
  /** The number of rows that it changed. */
  run(sql: string, ...values: readonly Stored[]): number
}

type Values = Readonly<Record<string, unknown>>

/** How many statements were there already, and how many were compiled. */
export interface StatementCounts {
  hits: number
  prepared: number
}

/** Over a read-only connection for `Rows`, over the writer for `Tx`. Adds to `counts`. */
export function rowsOver<D extends Domain>(
  domain: D,
  connection: Connection,
  counts: StatementCounts = { hits: 0, prepared: 0 },
): Tx<D> {
  const codecs = new Map<string, Codec>(modelsOf(domain).map((model) => [model.name, codecOf(model)]))
  const statements = new Map<string, Statement<unknown[], unknown>>()
  const logs = new Map(modelsOf(domain).flatMap((model) => (model.chained ? [[model.name, model] as const] : [])))
  let chain: Chain | undefined

  const codec = (model: string): Codec => {
    const found = codecs.get(model)
    return found ?? codecOf(modelNamed(domain, model)) // Throws: the catalog has no such model.
  }
  const prepared = (sql: string): Statement<unknown[], unknown> => {
    const kept = statements.get(sql)
    if (kept) {
      counts.hits += 1
      return kept
    }
    const statement = connection.prepare<unknown[], unknown>(sql)
    counts.prepared += 1
    statements.set(sql, statement)
    return statement
  }
  const query = (model: string, where: Values, tail: string) =>
    prepared(`select ${listOf(logs.get(model))} from ${quote(model)}${conditions(codec(model), where)}${tail}`)

  const write = (model: string, all: readonly Values[]) => {
    const { encode, check, names } = codec(model)
    const log = logs.get(model)
    const entries: Entry[] = []
    for (const row of all) {
      const columns = names(row)
      check(row)
      const values = columns.map((name) => encode(name, row[name]))
      if (log) entries.push({ columns, values })
      else prepared(insertOf(model, columns)).run(...values)
    }
    if (!log || entries.length === 0) return
    chain ??= chainOver(domain, connection, prepared)
    chain.insert(log, entries)
  }

  const rows = {
    domain,
    find(model: string, where: Values) {
      const row = query(model, where, '').get(...bound(codec(model), where))
      return row === undefined ? undefined : codec(model).decode(row as Record<string, Stored>)
    },
    list(model: string, where: Values, order?: string) {
      const found = query(model, where, ` order by ${order ?? 'rowid'}`).all(...bound(codec(model), where))
      return found.map((row) => codec(model).decode(row as Record<string, Stored>))
    },
    all: (sql: string, ...values: Stored[]) => prepared(sql).all(...values),
    insert: (model: string, row: Values) => write(model, [row]),
    insertAll: (model: string, all: readonly Values[]) => write(model, all),
    update(model: string, where: Values, changes: Values) {
      const { encode, check, names } = codec(model)
      const columns = names(changes)
      const sets = columns.map((name) => `${quote(name)} = ?`).join(', ')
      check(changes)
      const sql = `update ${quote(model)} set ${sets}${conditions(codec(model), where)}`
      refuseLog(logs, model)
      const values = columns.map((name) => encode(name, changes[name]))
      return prepared(sql).run(...values, ...bound(codec(model), where)).changes
    },
    remove(model: string, where: Values) {
      const sql = `delete from ${quote(model)}${conditions(codec(model), where)}`
      refuseLog(logs, model)
      return prepared(sql).run(...bound(codec(model), where)).changes
    },
    run: (sql: string, ...values: Stored[]) => prepared(sql).run(...values).changes,
  }
  // The names and values are checked by the interface's types; here they are only names of the catalog and values.
  return rows as unknown as Tx<D>
}

const insertOf = (model: string, columns: readonly string[]): string =>
  `insert into ${quote(model)} (${columns.map(quote).join(', ')}) values (${columns.map(() => '?').join(', ')})`

/** Of a log only what its rows say: whoever writes what was read, gives it a link of its own. */
const listOf = (log: CatalogModel | undefined): string =>
  log ? log.columns.map(({ name }) => quote(name)).join(', ') : '*'

function refuseLog(logs: ReadonlyMap<string, unknown>, model: string): void {
  if (logs.has(model)) throw new Error(`Rows of ${model} are never changed: the chain of their file would break`)
}

function conditions({ names }: Codec, where: Values): string {
  // Left out, it would mean every row.
  const missing = Object.keys(where).find((name) => where[name] === undefined)
  if (missing !== undefined) throw new Error(`A condition on ${missing} has no value`)
  const parts = names(where).map((name) => (where[name] === null ? `${quote(name)} is null` : `${quote(name)} = ?`))
  return parts.length === 0 ? '' : ` where ${parts.join(' and ')}`
}

const bound = ({ names, encode }: Codec, where: Values): Stored[] =>
  names(where).flatMap((name) => (where[name] === null ? [] : [encode(name, where[name])]))
