/**
 * What a file reveals to whoever took it (POPIA section 22): rows, people and categories of information, counted by the
 * catalog's classes; whether anybody can be named from it alone; and what in it gives power.
 */
import { type CatalogModel, modelsOf, quote } from '../../database/catalog.ts'
import type { Connection } from '../../database/connections.ts'
import type { Domain } from '../../database/domains.ts'
import { kindWords } from '../data-map/meanings.ts'
import { type Naming, namingOf } from './naming.ts'
import type { NamingOptions } from './options.ts'
import { type People, peopleOf } from './people.ts'
import { heldIn, isTimeless, type Period, touchedIn, type Where } from './period.ts'
import { type SecretFound, secretsIn } from './secrets.ts'

export interface BreachOptions extends NamingOptions {
  readonly now: Date
}

export interface Breach {
  readonly format: 'gogga-breach/2'
  readonly domain: Domain
  readonly file: string
  readonly madeAt: string
  readonly from: string | null
  readonly to: string | null
  /** That were there at the period's end, and are still. */
  readonly rows: number
  /** Of these, written or changed in the period; null where no beginning was given. */
  readonly touched: number | null
  readonly tables: readonly TableRevealed[]
  readonly categories: readonly Category[]
  /** People whom the rows name by subject id. */
  readonly people: People
  readonly naming: Naming
  readonly secrets: readonly SecretFound[]
}

export interface TableRevealed {
  readonly table: string
  readonly about: string
  /** There at the period's end. */
  readonly rows: number
  /** Of these, written or changed in the period; null where that cannot be told. */
  readonly touched: number | null
  /** Rows of any time, since the table does not say when they were written. */
  readonly isTimeless: boolean
}

/** One kind of information. */
export interface Category {
  readonly category: string
  readonly values: number
  readonly places: readonly string[]
}

/** A pass over the whole file. */
export async function reveal(options: BreachOptions): Promise<Breach> {
  const { domain, reader, identity, now, from, to } = options
  const period: Period = { from, to }
  const models = modelsOf(domain)
  const naming = await namingOf(options)
  const tables = models.map((model) => ({ model, ...revealed(reader, model, period) }))
  const values = tables.flatMap(({ model, columns }) => columns.map((column) => ({ ...column, model })))
  return {
    format: 'gogga-breach/2',
    ...{ domain, file: `${domain}.db`, madeAt: now.toISOString() },
    from: from?.toISOString() ?? null,
    to: to?.toISOString() ?? null,
    rows: tables.reduce((sum, { rows }) => sum + rows, 0),
    touched: from === undefined ? null : tables.reduce((sum, { touched }) => sum + (touched ?? 0), 0),
    tables: tables.map(({ model, rows, touched }) => ({
      ...{ table: model.name, about: model.about ?? '', rows, touched },
      isTimeless: (from !== undefined || to !== undefined) && isTimeless(model),
    })),
    categories: categoriesOf(values, naming),
    people: peopleOf(reader, identity, models, period),
    naming,
    secrets: secretsIn(domain, reader, { now, ...period }),
  }
}

interface Values {
  readonly column: string
  readonly count: number
}

function revealed(reader: Connection, model: CatalogModel, period: Period) {
  const counts = model.columns.map(({ name }) => `count(${quote(name)})`)
  const count = (what: string, { sql, values }: Where): readonly number[] =>
    reader
      .prepare<unknown[], number[]>(`select ${what} from ${quote(model.name)} where ${sql}`)
      .raw()
      .get(...values) ?? []
  const [rows = 0, ...each] = count(['count(*)', ...counts].join(', '), heldIn(model, period))
  const touched = touchedIn(model, period)
  const columns: Values[] = model.columns.map(({ name }, at) => ({ column: name, count: each[at] ?? 0 }))
  return { rows, touched: touched ? (count('count(*)', touched)[0] ?? 0) : null, columns }
}

type Place = Values & { readonly model: CatalogModel }

function categoriesOf(places: readonly Place[], { findings }: Naming): readonly Category[] {
  const found = places.filter(({ count }) => count > 0)
  const named = new Set(findings.map(({ place: { table, column } }) => `${table}.${column}`))
  const groups = Map.groupBy(found, (place) => {
    const isNamed = named.has(`${place.model.name}.${place.column}`)
    return isNamed ? `${categoryOf(place)}, in which personal information was found` : categoryOf(place)
  })
  return [...groups].map(([category, group]) => ({
    category,
    values: group.reduce((sum, { count }) => sum + count, 0),
    places: group.map(({ model, column }) => `${model.name}.${column}`),
  }))
}

function categoryOf({ model, column: name }: Place): string {
  const column = model.columns.find((one) => one.name === name)
  if (column?.pii) return `personal information: ${kindWords(column.pii)}`
  if (column?.bearer) return 'codes that are worth something to whoever knows them'
  if (column?.class === 'secret') return 'secrets and hashes'
  if (column?.class === 'freetext') return 'free text'
  const link = model.links.find((one) => one.column === name)
  if (link && (link.subject || link.to.model === 'User')) return 'subject ids: people by an opaque id'
  if (column?.type === 'time') return 'times of events'
  return column?.class === 'plain' ? 'facts: amounts, states, kinds' : 'opaque ids of rows and of others’ systems'
}
