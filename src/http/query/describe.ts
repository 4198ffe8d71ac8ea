// What the OpenAPI document says about filter, sort and expand of a resource.
import { type CatalogModel, relationsOf } from '../../database/catalog.ts'
import { exampleOf, shownColumns } from '../schemas/columns.ts'

const OPERATORS: Readonly<Record<string, string>> = {
  eq: 'equal, also without an operator: `filter[field]=value`',
  ne: 'not equal',
  in: 'one of a comma-separated list',
  lt: 'less than, for times: before',
  lte: 'at most',
  gt: 'greater than, for times: after',
  gte: 'at least',
  contains: 'contains the text',
  startsWith: 'begins with the text',
  isNull: '`true` or `false`',
}

const fieldsOf = (model: CatalogModel): readonly string[] => shownColumns(model).map(({ name }) => name)

export function filterDoc(model: CatalogModel) {
  const operators = Object.entries(OPERATORS).map(([name, what]) => `- \`${name}\`: ${what}`)
  return {
    description: [
      '`filter[field]=value` or `filter[field][operator]=value`; several filters must all hold. Operators:',
      ...operators,
      '',
      linkedFields(model),
      'Fields with personal information need the scope `pii:read`. Write the `+` of a time as `%2B`, or give it in `Z`.',
    ].join('\n'),
    examples: [exampleFilter(model)],
    type: 'object' as const,
    properties: Object.fromEntries(fieldsOf(model).map((field) => [field, { $ref: '#/components/schemas/Condition' }])),
    additionalProperties: { $ref: '#/components/schemas/Condition' },
  }
}

export function sortDoc(model: CatalogModel) {
  const fields = fieldsOf(model)
  const time = fields.find((field) => field.endsWith('At')) ?? fields[0] ?? 'id'
  return {
    description: `Fields, comma-separated, \`-\` before one for descending: ${codes(fields)}. ${linkedFields(model)}`,
    examples: [`-${time}`],
  }
}

export function expandDoc(model: CatalogModel) {
  const relations = relationsOf(model)
  const list = relations.map(({ name, to, many }) => `- \`${name}\`: ${many ? 'a list of' : 'one of'} ${to.resource}`)
  const first = relations[0]?.name
  return {
    description: ['Links to follow, comma-separated, dots for links of links (`a.b`):', ...list].join('\n'),
    ...(first !== undefined && { examples: [first] }),
  }
}

/** Of a deepObject parameter, as OpenAPI wants it: by field, then by operator. */
export function exampleFilter(model: CatalogModel): Record<string, unknown> {
  const column = shownColumns(model).find((candidate) => candidate.class === 'plain') ?? model.columns[0]
  if (!column) return {}
  return { [column.name]: column.type === 'time' ? { gte: exampleOf(column) } : String(exampleOf(column)) }
}

function linkedFields(model: CatalogModel): string {
  const relation = relationsOf(model).find(({ many }) => !many) ?? relationsOf(model)[0]
  const column = relation && fieldsOf(relation.to).find((field) => field !== 'id')
  return column ? `Fields of linked rows go by the link's name: \`${relation.name}.${column}\`.` : ''
}

const codes = (words: readonly string[]): string => words.map((word) => `\`${word}\``).join(', ')
