// What the parameters of a list and of one row mean, for validation and for the OpenAPI document alike.
import { z } from 'zod'
import { relationsOf, resources } from '../../database/catalog.ts'
import type { CatalogModel } from '../../generated/catalog.ts'
import type { NamedPageQuery } from '../../join/types.ts'
import { type Reached, resourcesOnPath } from '../authorization.ts'
import { expandDoc, filterDoc, sortDoc } from './describe.ts'
import { columnAt, withOffset } from './fields.ts'
import { type FilterInput, shownName } from './text.ts'

type Asked = Omit<NamedPageQuery, 'pii' | 'bearers'>

/** A checked list query. */
export interface ListQuery {
  /** What the join service is asked, but for what the caller may see. */
  readonly ask: Asked
  /** The linked resources that it leads into. */
  readonly reached: readonly Reached[]
  /** Whether personal information chooses or orders the rows: then an empty answer says something, too. */
  readonly byPii: boolean
  /** Whether the answer shows personal information, in clear or masked. */
  readonly showsPii: boolean
}

/** A checked query for one row. */
export interface OneQuery {
  readonly ask: Omit<Asked, 'filter' | 'sort' | 'limit' | 'after'>
  readonly reached: readonly Reached[]
  readonly byPii: boolean
  readonly showsPii: boolean
}

const MAX_NAMES = 20
const MAX_LIMIT = 200

type Doc = z.core.GlobalMeta

/** A comma-separated list. What is said of it belongs to the text, since that is what a caller writes. */
const names = (doc: Doc) =>
  z
    .string()
    .meta(doc)
    .transform((text) => text.split(',').filter(Boolean))
    .pipe(z.array(z.string()).max(MAX_NAMES, `at most ${MAX_NAMES} names`))
const AFTER = 'expected the page.next of the page before'
const after = z
  .string()
  .min(1, AFTER)
  .max(2_048, AFTER)
  .meta({
    description: 'The cursor of the page before, its `page.next`; with the same filter and sort.',
    examples: ['WyJrM0p4MGFRZSIsMCwiY21iMng5azRkMDAwMCIsbnVsbF0'],
  })
// Not coerced: `1e2`, ` 1` and nothing at all are numbers to JavaScript.
const limit = z
  .string()
  .refine(isLimit, `expected a whole number from 1 to ${MAX_LIMIT}`)
  .meta({ type: 'integer', minimum: 1, maximum: MAX_LIMIT, default: 50, description: 'Rows a page.', examples: [50] })
  .transform(Number)
const meta = z.literal('sources', 'expected the word sources').meta({
  description: '`sources` adds to `meta` how many rows, statements and microseconds each file took.',
  examples: ['sources'],
})
// parseQuery made it; a record of zod's would drop the field `__proto__`, and with it a condition.
const filter = z.custom<FilterInput>((value) => typeof value === 'object' && value !== null)

const expandNames = (model: CatalogModel) => names(expandDoc(model)).optional()

interface ExpandShape {
  readonly expand: ReturnType<typeof expandNames>
}

/** Where there is nothing to expand, there is no such parameter; its type, which allows for its absence, stays. */
function expandOf(model: CatalogModel): ExpandShape {
  return relationsOf(model).length > 0 ? { expand: expandNames(model) } : ({} as ExpandShape)
}

/** The querystring of `GET /v1/<resource>`. */
export function listQuery(model: CatalogModel) {
  return z
    .strictObject({
      limit: limit.optional(),
      after: after.optional(),
      sort: names(sortDoc(model)).optional(),
      ...expandOf(model),
      filter: filter.meta(filterDoc(model)).optional(),
      meta: meta.optional(),
    })
    .transform((input): ListQuery => {
      const { sort = [], expand = [], after } = input
      const filters = filtersOf(model, input.filter ?? {})
      const asked: Asked = {
        from: model.resource ?? '',
        filter: filters,
        sort,
        expand,
        limit: input.limit ?? 50,
        ...(after !== undefined && { after }),
        sources: input.meta === 'sources',
      }
      const sorts = sort.map((field) => field.replace(/^-/, ''))
      const places = [
        ...filters.map(({ field }) => ({ at: placeOf(field), links: linksOf(field) })),
        ...sorts.map((field) => ({ at: 'sort', links: linksOf(field) })),
        ...expandPlaces(expand),
      ]
      const chosenBy = [...filters.map(({ field }) => field), ...sorts]
      const byPii = chosenBy.some((field) => columnAt(model, field)?.class === 'pii')
      return { ask: asked, reached: reachedBy(model, places), byPii, showsPii: showsPii(model, expand) }
    })
}

/** The querystring of `GET /v1/<resource>/:id`. */
export function oneQuery(model: CatalogModel) {
  return z.strictObject({ ...expandOf(model), meta: meta.optional() }).transform((input): OneQuery => {
    const { expand = [] } = input
    const asked = { from: model.resource ?? '', expand, sources: input.meta === 'sources' }
    const reached = reachedBy(model, expandPlaces(expand))
    return { ask: asked, reached, byPii: false, showsPii: showsPii(model, expand) }
  })
}

function isLimit(text: string): boolean {
  return /^[1-9]\d{0,2}$/.test(text) && Number(text) <= MAX_LIMIT
}

function filtersOf(model: CatalogModel, input: FilterInput): NonNullable<NamedPageQuery['filter']> {
  return Object.entries(input).flatMap(([field, operators]) => {
    const read = columnAt(model, field)?.type === 'time' ? withOffset : (text: string) => text
    return Object.entries(operators).map(([op, text]) => ({
      field,
      op,
      value: op === 'in' ? text.split(',').map(read) : read(text),
    }))
  })
}

const WITH_PII: ReadonlySet<string | undefined> = new Set(
  resources.filter(({ columns }) => columns.some(({ class: kind }) => kind === 'pii')).map(({ resource }) => resource),
)

const showsPii = (model: CatalogModel, expand: readonly string[]): boolean =>
  WITH_PII.has(model.resource) ||
  expand.some((path) => resourcesOnPath(model, path.split('.')).some((resource) => WITH_PII.has(resource)))

/** A resource that several parameters lead into is named with the first. */
function reachedBy(model: CatalogModel, places: readonly Place[]): readonly Reached[] {
  const reached = new Map<string, Reached>()
  for (const { at, links } of places) {
    for (const resource of resourcesOnPath(model, links)) {
      if (!reached.has(resource)) reached.set(resource, { at, resource })
    }
  }
  return [...reached.values()]
}

interface Place {
  readonly at: string
  readonly links: readonly string[]
}

/** A filter, as the caller wrote it where that can be repeated. */
const placeOf = (field: string): string => (shownName(field) === field ? `filter[${field}]` : 'filter')

const linksOf = (field: string): readonly string[] => field.split('.').slice(0, -1)

const expandPlaces = (expand: readonly string[]): readonly Place[] =>
  expand.map((path) => ({ at: 'expand', links: path.split('.') }))
