// What is asked and what is answered. The types of an answer follow from the words of the question.
import type { Durations } from '../database/durations.ts'
import type { Domain, Links, Resource, Rows } from '../generated/catalog.ts'
import type { PurposeId } from '../identity/purposes.ts'

export type Operator = 'eq' | 'ne' | 'in' | 'lt' | 'lte' | 'gt' | 'gte' | 'contains' | 'startsWith' | 'isNull'

export interface Filter {
  /** A field of the resource, or of a linked one: `tier`, `subscription.tier`, `user.subscription.tier`. */
  readonly field: string
  readonly op: Operator
  /** `in` takes a list, `isNull` a boolean; times are RFC 3339. Numbers and booleans may come as text. */
  readonly value: string | number | boolean | readonly (string | number)[]
}

/** How many links a path may follow. */
export const MAX_DEPTH = 3
type Depth = 0 | 1 | 2 | 3
type Less<D extends Depth> = D extends 3 ? 2 : D extends 2 ? 1 : 0
type LinkName<R extends Resource> = keyof Links[R] & string
type Target<R extends Resource, K extends LinkName<R>> = Links[R][K] extends { to: infer T extends Resource }
  ? T
  : never
type IsMany<R extends Resource, K extends LinkName<R>> = Links[R][K] extends { many: true } ? true : false

/** Names of links from a resource: `user`, or `user.subscription` up to three deep. */
export type Path<R extends Resource, D extends Depth = typeof MAX_DEPTH> = D extends 0
  ? never
  : { [K in LinkName<R>]: K | `${K}.${Path<Target<R, K>, Less<D>>}` }[LinkName<R>]

type Head<P extends string> = P extends `${infer H}.${string}` ? H : P
type Tail<P extends string, K extends string> = P extends `${K}.${infer T}` ? T : never
type Flat<T> = { [K in keyof T]: T[K] } & {}

type WithPaths<R extends Resource, P extends string> = Flat<
  Rows[R] & {
    [K in Head<P> & LinkName<R>]: IsMany<R, K> extends true
      ? WithPaths<Target<R, K>, Tail<P, K>>[]
      : WithPaths<Target<R, K>, Tail<P, K>> | null
  }
>

/** A row of `R` with the links that `E` names: one row or null, or a list. Answers may share a row among parents. */
export type Expanded<R extends Resource, E extends readonly string[]> = WithPaths<R, E[number]>

/** Personal information in clear, for a purpose of the register: a reading without one does not compile, and is refused. */
export interface Clear {
  readonly purpose: PurposeId
}

interface Reading<R, E> {
  readonly from: R
  readonly expand?: E
  /** `masked` (the default) masks personal information and refuses filters and sorts by it. */
  readonly pii?: Clear | 'masked'
  /** The same for what is worth something to whoever knows it, such as a voucher's code. */
  readonly bearers?: 'clear' | 'masked'
  /** Adds `meta.sources`. */
  readonly sources?: boolean
}

export interface PageQuery<R extends Resource, E extends readonly Path<R>[]> extends Reading<R, E>, ListQuery {}

export interface OneQuery<R extends Resource, E extends readonly Path<R>[]> extends Reading<R, E> {
  /** The value of the resource's key column. */
  readonly id: string
}

export interface ListQuery {
  readonly filter?: readonly Filter[]
  /** Fields, `-` before one for descending: `-createdAt`, `subscription.tier`; all of one and the same table. */
  readonly sort?: readonly string[]
  /** Rows a page, 1 to 200; 50 when absent. */
  readonly limit?: number
  /** `page.next` of the page before, asked with the same filter and sort. */
  readonly after?: string
}

/** The same questions with names that come from outside and are checked at run time. */
export interface NamedPageQuery extends Reading<string, readonly string[]>, Omit<ListQuery, 'filter'> {
  readonly filter?: readonly (Omit<Filter, 'op'> & { readonly op: string })[]
}
export interface NamedOneQuery extends Reading<string, readonly string[]> {
  readonly id: string
}
export type NamedRow = Record<string, unknown>

export interface Source {
  readonly domain: Domain
  /** Rows that SQLite handed over. */
  readonly rows: number
  readonly statements: number
  /** An integer. */
  readonly microseconds: number
}

export interface PiiRead {
  readonly purpose: PurposeId
  /** `users.email`: every field with personal information that was read, filtered or sorted by. */
  readonly fields: readonly string[]
  /** Whose: the id of a user, `<resource>:<id>` of any other row. */
  readonly subjects: readonly string[]
}

export interface Truncated {
  readonly expand: string
  /** How many lists were cut, and the length that each of them has now. The newest rows are kept. */
  readonly lists: number
  readonly length: number
}

export interface Meta {
  /** Links in this answer that name a row that is not there; of subject links, those that name no Contact or word either. */
  readonly orphans: number
  readonly truncated?: readonly Truncated[]
  readonly sources?: readonly Source[]
  /** With personal information in clear. */
  readonly pii?: PiiRead
}

export interface Page<T> {
  readonly data: T[]
  readonly page: { readonly next: string | null }
  readonly meta: Meta
}

export interface One<T> {
  readonly data: T
  readonly meta: Meta
}

export interface Join {
  /** Rows of a resource in order, with what `expand` names. Throws UsageError (400) and ForbiddenError (403). */
  page<R extends Resource, const E extends readonly Path<R>[] = []>(query: PageQuery<R, E>): Page<Expanded<R, E>>
  /** One row by its key; undefined when there is none. */
  one<R extends Resource, const E extends readonly Path<R>[] = []>(
    query: OneQuery<R, E>,
  ): One<Expanded<R, E>> | undefined
  pageByName(query: NamedPageQuery): Page<NamedRow>
  oneByName(query: NamedOneQuery): One<NamedRow> | undefined
  /** Of all requests since the start, by file. */
  readonly statistics: Readonly<Record<Domain, JoinStatistics>>
}

export interface JoinStatistics {
  /** Of single statements. */
  readonly durations: Durations
  /** Statements that were compiled already, and those that were compiled. */
  readonly counts: { readonly hits: number; readonly prepared: number }
}

/** How a page is driven: see drive.ts. */
export type Strategy = 'scan' | 'keys' | 'sort'

/** For tests only. */
export interface JoinOptions {
  /** Drives every page in this way where it can be used at all. */
  readonly strategy?: Strategy
  /** Rows of the first batch. */
  readonly batch?: number
  /** Called before every statement. */
  readonly before?: (domain: Domain, sql: string) => void
}
