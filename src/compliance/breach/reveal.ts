/**
 * What a file reveals to whoever took it (POPIA section 22): rows, people and categories of information, counted by the
 * catalog's classes; whether anybody can be named from it alone; and what in it gives power.
 */
import { type CatalogModel, modelsOf, quote } from '../../database/catalog.ts'
import type { Connection } from '../../database/connections.ts'
import type { Domain } from '../../database/domains.ts'
import { timeText } from '../../database/row-codec.ts'
import { kindWords } from '../data-map/meanings.ts'
import { isPerson } from '../data-map/purposes-of.ts'
import { type Naming, namingOf } from './naming.ts'
import { type SecretFound, secretsIn } from './secrets.ts'

export interface Period {
  readonly from?: Date | undefined
  readonly to?: Date | undefined
}

export interface BreachOptions extends Period {
  readonly domain: Domain
  readonly readers: Readonly<Record<Domain, Connection>>
  readonly now: Date
}

export interface Breach {
  readonly format: 'gogga-breach/1'
  readonly domain: Domain
  readonly file: string
  readonly madeAt: string
  readonly from: string | null
  readonly to: string | null
  readonly rows: number
  readonly tables: readonly TableRevealed[]
  readonly categories: readonly Category[]
  /** People whom the rows name by subject id. */
  readonly people: {
    readonly count: number
    /** Users and contacts, whom identity.db can name. */
    readonly ids: readonly string[]
    /** Ids and words that name no user or contact: erased people, and words such as `system`. */
    readonly unknown: number
  }
  readonly naming: Naming
  readonly secrets: readonly SecretFound[]
}

export interface TableRevealed {
  readonly table: string
  readonly about: string
  /** Written or changed in the period. */
  readonly rows: number
  /** Rows of any time, since the table does not say when they were written. */
  readonly isTimeless: boolean
}

/** One kind of information. */
export interface Category {
  readonly category: string
  readonly values: number
  readonly places: readonly string[]
}

export function reveal({ domain, readers, now, from, to }: BreachOptions): Breach {
  const reader = readers[domain]
  const models = modelsOf(domain)
  const tables = models.map((model) => ({ model, ...revealed(reader, model, { from, to }) }))
  const ids = new Set(models.flatMap((model) => peopleIn(reader, model, { from, to })))
  const known = knownAmong(readers.identity, ids)
  const naming = namingOf(domain, readers)
  const told = new Set(naming.findings.map(({ place }) => `${place.table}.${place.column}`))
  const places = tables.flatMap(({ model, values }) => values.map((value) => ({ ...value, model })))
  return {
    format: 'gogga-breach/1',
    ...{ domain, file: `${domain}.db`, madeAt: now.toISOString() },
    from: from?.toISOString() ?? null,
    to: to?.toISOString() ?? null,
    rows: tables.reduce((sum, { rows }) => sum + rows, 0),
    tables: tables.map(({ model, rows, isTimeless }) => ({
      table: model.name,
      about: model.about ?? '',
      ...{ rows, isTimeless },
    })),
    categories: categoriesOf(places, told),
    people: { count: known.length, ids: known, unknown: ids.size - known.length },
    naming,
    secrets: secretsIn(domain, reader, now),
  }
}

const WRITTEN = ['createdAt', 'processedAt', 'startedAt', 'receivedAt', 'erasedAt']
const CHANGED = ['updatedAt', 'redeemedAt', 'voidedAt', 'endedAt', 'revokedAt', 'liftedAt', 'doneAt', 'deadAt']

/** SQL and its values: written, or last changed, in the period. Where a table does not say, every row may be. */
function inPeriod(
  { columns }: CatalogModel,
  { from, to }: Period,
): { sql: string; values: string[]; isTimeless: boolean } {
  const names = columns.filter(({ type }) => type === 'time').map(({ name }) => name)
  const written = WRITTEN.find((name) => names.includes(name))
  const bounded = from !== undefined || to !== undefined
  if (!bounded || written === undefined) return { sql: 'true', values: [], isTimeless: bounded }
  const bounds = [...(from ? [['>=', timeText(from)] as const] : []), ...(to ? [['<', timeText(to)] as const] : [])]
  const times = [written, ...CHANGED.filter((name) => names.includes(name))]
  const sql = times
    .map(
      (name) =>
        `(${[`${quote(name)} is not null`, ...bounds.map(([sign]) => `${quote(name)} ${sign} ?`)].join(' and ')})`,
    )
    .join(' or ')
  return { sql: `(${sql})`, values: times.flatMap(() => bounds.map(([, value]) => value)), isTimeless: false }
}

interface Values {
  readonly column: string
  readonly count: number
}

function revealed(reader: Connection, model: CatalogModel, period: Period) {
  const { sql, values, isTimeless } = inPeriod(model, period)
  const counts = model.columns.map(({ name }, at) => `count(${quote(name)}) as c${at}`)
  const row = reader
    .prepare<unknown[], Record<string, number>>(
      `select count(*) as n, ${counts.join(', ')} from ${quote(model.name)} where ${sql}`,
    )
    .get(...values)
  const found: Values[] = model.columns.map(({ name }, at) => ({ column: name, count: row?.[`c${at}`] ?? 0 }))
  return { rows: row?.n ?? 0, isTimeless, values: found }
}

function peopleIn(reader: Connection, model: CatalogModel, period: Period): readonly string[] {
  const { sql, values } = inPeriod(model, period)
  const naming = isPerson(model)
    ? model.key
    : model.links.filter(({ to, subject }) => subject || to.model === 'User').map(({ column }) => column)
  return naming.flatMap((column) =>
    reader
      .prepare<unknown[], string>(
        `select distinct ${quote(column)} from ${quote(model.name)} where ${quote(column)} is not null and ${sql}`,
      )
      .pluck()
      .all(...values),
  )
}

function knownAmong(identity: Connection, ids: ReadonlySet<string>): readonly string[] {
  const sql = `select value from json_each(?) k where exists (select 1 from "User" where id = k.value)
    or exists (select 1 from "Contact" where id = k.value) order by value`
  return identity
    .prepare<[string], string>(sql)
    .pluck()
    .all(JSON.stringify([...ids]))
}

type Place = Values & { readonly model: CatalogModel }

/** `told`: columns in which personal information was found, whatever their class says. */
function categoriesOf(places: readonly Place[], told: ReadonlySet<string>): readonly Category[] {
  const found = places.filter(({ count }) => count > 0)
  const groups = Map.groupBy(found, (place) =>
    told.has(`${place.model.name}.${place.column}`) ? AGAINST_RULES : categoryOf(place),
  )
  return [...groups].map(([category, group]) => ({
    category,
    values: group.reduce((sum, { count }) => sum + count, 0),
    places: group.map(({ model, column }) => `${model.name}.${column}`),
  }))
}

const AGAINST_RULES = 'values among which personal information was found, against our rules'

function categoryOf({ model, column: name }: Place): string {
  const column = model.columns.find((one) => one.name === name)
  if (column?.pii) return `personal information: ${kindWords(column.pii)}`
  if (column?.bearer) return 'codes that are worth something to whoever knows them'
  if (column?.class === 'secret') return 'secrets and hashes'
  if (column?.class === 'freetext') return 'free text, without personal information'
  const link = model.links.find((one) => one.column === name)
  if (link && (link.subject || link.to.model === 'User')) return 'subject ids: people by an opaque id'
  if (column?.type === 'time') return 'times of events'
  return column?.class === 'plain' ? 'facts: amounts, states, kinds' : 'opaque ids of rows and of others’ systems'
}
