// What the OpenAPI document says about filter, sort and expand of a resource.
import { type CatalogColumn, type CatalogModel, relationsOf } from '../../database/catalog.ts'
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

/**
 * For the description of a list: pages that render the document split `filter` into its fields and drop what is said of
 * the parameter as a whole.
 */
export function listDoc(model: CatalogModel): string {
  const linked = linkedExample(model)
  const sorted = linkedField(model, false)
  const expand = relationsOf(model)[0]?.name
  const operators = Object.entries(OPERATORS).map(([name, what]) => `\`${name}\` ${what}`)
  return [
    '**Filter** with `filter[field]=value` or `filter[field][operator]=value`; several filters must all hold.',
    `Operators: ${operators.join('; ')}.`,
    `Example: \`?${written(exampleFilter(model))}\`.`,
    ...(linked === undefined
      ? []
      : [`Fields of linked rows go by the links' names, up to three links deep: \`?${written(linked)}\`.`]),
    PLUS,
    '',
    '**Sort** by fields, comma-separated, `-` before one for descending; all of one and the same table.',
    `Example: \`?sort=-${timeOf(model)}\`${sorted === undefined ? '' : `, or of a linked row \`?sort=${sorted.path}\``}.`,
    ...(expand === undefined
      ? []
      : [
          '',
          '**Expand** links, comma-separated, dots for links of links, up to three deep; a list holds its newest 100',
          `rows at most, and \`meta.truncated\` names the lists that were cut. Example: \`?expand=${expand}\`.`,
        ]),
  ].join('\n')
}

const PLUS = 'Write the `+` of a time as `%2B`, or give the time in `Z`.'

export function filterDoc(model: CatalogModel) {
  const operators = Object.entries(OPERATORS).map(([name, what]) => `- \`${name}\`: ${what}`)
  return {
    description: [
      '`filter[field]=value` or `filter[field][operator]=value`; several filters must all hold. Operators:',
      ...operators,
      '',
      linkedFields(linkedField(model)),
      `Fields with personal information need the scope \`pii:read\`, codes of vouchers the scope \`admin\`. ${PLUS}`,
    ].join('\n'),
    examples: [exampleFilter(model)],
    type: 'object' as const,
    properties: Object.fromEntries(fieldsOf(model).map((field) => [field, { $ref: '#/components/schemas/Condition' }])),
    additionalProperties: { $ref: '#/components/schemas/Condition' },
  }
}

export function sortDoc(model: CatalogModel) {
  const linked = linkedFields(linkedField(model, false))
  const fields = `Fields, comma-separated, \`-\` before one for descending: ${codes(fieldsOf(model))}.`
  return { description: `${fields} All of one and the same table. ${linked}`, examples: [`-${timeOf(model)}`] }
}

/** Of a resource with links. */
export function expandDoc(model: CatalogModel) {
  const relations = relationsOf(model)
  const list = relations.map(({ name, to, many }) => `- \`${name}\`: ${many ? 'a list of' : 'one of'} ${to.resource}`)
  const words =
    'Links to follow, comma-separated, dots for links of links (`a.b`). Lists hold the newest 100 rows at most, an answer 20,000 linked rows.'
  return { description: [words, '', ...list].join('\n'), examples: relations.slice(0, 1).map(({ name }) => name) }
}

/** Of a deepObject parameter, as OpenAPI wants it: by field, then by operator. */
export function exampleFilter(model: CatalogModel): ExampleFilter {
  const column = shownColumns(model).find((candidate) => candidate.class === 'plain') ?? model.columns[0]
  return column ? { [column.name]: exampleCondition(column) } : {}
}

type ExampleFilter = Readonly<Record<string, string | Readonly<Record<string, string>>>>

const exampleCondition = (column: CatalogColumn): ExampleFilter[string] =>
  column.type === 'time' ? { gte: String(exampleOf(column)) } : String(exampleOf(column))

function linkedExample(model: CatalogModel): ExampleFilter | undefined {
  const linked = linkedField(model)
  return linked && { [linked.path]: exampleCondition(linked.column) }
}

/** As it stands in a URL. */
function written(filter: ExampleFilter): string {
  const words = Object.entries(filter).flatMap(([field, condition]) =>
    typeof condition === 'string'
      ? [`filter[${field}]=${condition}`]
      : Object.entries(condition).map(([operator, value]) => `filter[${field}][${operator}]=${value}`),
  )
  return words.join('&')
}

interface LinkedField {
  /** `subscription.tier`. */
  readonly path: string
  readonly column: CatalogColumn
}

/** The first plain field behind the first link, one to one row where there is such; a sort follows no other. */
function linkedField(model: CatalogModel, isManyFine = true): LinkedField | undefined {
  const relations = relationsOf(model)
  const relation = relations.find(({ many }) => !many) ?? (isManyFine ? relations[0] : undefined)
  const column = relation && shownColumns(relation.to).find(({ class: kind }) => kind === 'plain')
  return column && { path: `${relation.name}.${column.name}`, column }
}

const linkedFields = (linked: LinkedField | undefined): string =>
  linked ? `Fields of linked rows go by the links' names, up to three links deep: \`${linked.path}\`.` : ''

function timeOf(model: CatalogModel): string {
  const fields = fieldsOf(model)
  return fields.find((field) => field.endsWith('At')) ?? fields[0] ?? 'id'
}

const codes = (words: readonly string[]): string => words.map((word) => `\`${word}\``).join(', ')
