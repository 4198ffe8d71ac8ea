// Schemas of the answers, derived from the catalog. They describe and are tested against real answers; no answer is
// checked by them at run time, since its shape follows from the same catalog.
import { z } from 'zod'
import { type CatalogColumn, type CatalogModel, relationsOf, resources } from '../../database/catalog.ts'
import { exampleOf, shownColumns } from './columns.ts'

const Meta = metaSchema().meta({ id: 'Meta' })
const NEXT = z.string().nullable().describe('The cursor of the next page; null on the last.')

/** Named components, so that rows can lead to each other whatever circles their links make. */
const rows = new Map(
  resources.map((model) => [model, rowSchema(model).meta({ id: model.name, examples: [exampleRow(model)] })]),
)

/** A row as it stands in an answer, links included where they were expanded. */
export function rowOf(model: CatalogModel): z.ZodType {
  const schema = rows.get(model)
  if (!schema) throw new Error(`${model.name} is no resource`)
  return schema
}

export function listAnswer(model: CatalogModel): z.ZodType {
  const example = { data: [exampleRow(model)], page: { next: null }, meta: { orphans: 0 } }
  const schema = z.object({ data: z.array(rowOf(model)), page: z.object({ next: NEXT }), meta: Meta })
  return schema.meta({ examples: [example] })
}

export function oneAnswer(model: CatalogModel): z.ZodType {
  const example = { data: exampleRow(model), meta: { orphans: 0 } }
  return z.object({ data: rowOf(model), meta: Meta }).meta({ examples: [example] })
}

export function exampleRow(model: CatalogModel): Record<string, unknown> {
  return Object.fromEntries(shownColumns(model).map((column) => [column.name, exampleOf(column)]))
}

function rowSchema(model: CatalogModel): z.ZodType {
  const shape: Record<string, z.ZodType> = {}
  for (const column of shownColumns(model)) shape[column.name] = columnSchema(column)
  for (const { name, to, many } of relationsOf(model)) {
    // A getter, since the other row's schema may not be there yet and may lead back here.
    const get = () => (many ? z.array(rowOf(to)) : rowOf(to).nullable()).optional()
    Object.defineProperty(shape, name, { get, enumerable: true, configurable: true })
  }
  return z.strictObject(shape)
}

function columnSchema(column: CatalogColumn): z.ZodType {
  const base = typeSchema(column)
  const schema = column.nullable ? base.nullable() : base
  const description = descriptionOf(column)
  return description ? schema.describe(description) : schema
}

function typeSchema({ type }: CatalogColumn): z.ZodType {
  if (type === 'integer') return z.int()
  if (type === 'boolean') return z.boolean()
  if (type === 'time') return z.iso.datetime({ offset: true })
  return z.string()
}

function descriptionOf({ name, class: kind, pii, bearer }: CatalogColumn): string | undefined {
  if (pii) return `Personal information (${pii}): masked without the scope pii:read.`
  if (bearer) return 'Worth something to whoever knows it: *** without the scope admin.'
  if (kind === 'freetext') return 'Free text; personal information in it is replaced by pii:<id>.'
  if (kind === 'subject') return 'A subject id, or a word such as `system`.'
  return name.endsWith('Cents') ? 'In cents of the South African rand.' : undefined
}

function metaSchema(): z.ZodType {
  const source = z.object({
    domain: z.string(),
    rows: z.int(),
    statements: z.int(),
    microseconds: z.number(),
  })
  const truncated = z.object({ expand: z.string(), lists: z.int(), length: z.int() })
  return z.object({
    orphans: z.int().describe('Links in this answer that name a row that is not there; they show as null.'),
    truncated: z.array(truncated).optional().describe('Expanded lists that were cut; the newest rows are kept.'),
    sources: z.array(source).optional().describe('With meta=sources: what each file did.'),
  })
}
