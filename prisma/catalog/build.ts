// From parsed schemas to the catalog: every column gets its class, every link its two ends; what does not fit is
// gathered as `file:line message`, so that one run shows all of it.
import type { Annotation, ParsedField, ParsedModel } from './parse.ts'
import type { CatalogColumn, CatalogLink, CatalogModel, ColumnClass, ColumnType, OnErase, PiiClass } from './types.ts'

export const DOMAINS = ['identity', 'billing', 'admin'] as const
type Domain = (typeof DOMAINS)[number]

const CLASSES: readonly ColumnClass[] = ['key', 'link', 'subject', 'pii', 'freetext', 'secret', 'plain']
const PII: readonly PiiClass[] = ['email', 'phone', 'ip', 'name', 'freetext']
const ON_ERASE: readonly OnErase[] = ['keep', 'delete', 'null']
const TYPES: Readonly<Record<string, ColumnType>> = {
  String: 'text',
  Int: 'integer',
  BigInt: 'integer',
  Boolean: 'boolean',
  DateTime: 'time',
  Bytes: 'bytes',
}
const SUBJECT_TARGET = 'identity.User.id'

export interface Problem {
  readonly file: string
  readonly line: number
  readonly message: string
}

export interface Schemas {
  readonly domain: Domain
  readonly models: readonly ParsedModel[]
}

type Report = (line: number, message: string) => void

/** Checks all three schemas together, since links cross files. */
export function buildCatalog(schemas: readonly Schemas[]): { models: CatalogModel[]; problems: Problem[] } {
  const problems: Problem[] = []
  const models = schemas.flatMap(({ domain, models }) =>
    models.map((model) => {
      const report: Report = (line, message) => problems.push({ file: model.file, line, message })
      return buildModel(domain, model, report)
    }),
  )
  const parsed = schemas.flatMap(({ models }) => models)
  models.forEach((model, index) => {
    const source = parsed[index] as ParsedModel
    const report: Report = (line, message) => problems.push({ file: source.file, line, message })
    checkLinks(model, source, models, report)
    checkOwners(model, source, models, report)
  })
  return { models, problems }
}

function buildModel(domain: Domain, model: ParsedModel, report: Report): CatalogModel {
  const find = (tag: string) => model.annotations.find((annotation) => annotation.tag === tag)
  const api = find('api')
  const legacy = find('legacy')
  const retain = find('retain')
  if (
    retain &&
    (!/^\d+[dwmy]$/.test(retain.words[0] ?? '') ||
      [retain.words[1], retain.options.erased ?? retain.words[1]].some(
        (column) => !model.fields.some(({ name }) => name === column),
      ))
  )
    report(
      retain.line,
      `@retain expects a period such as 5y and a column of ${model.name}, for example "@retain 1y createdAt" or "@retain 7y createdAt erased=userId"`,
    )
  const chain = find('chain')
  if (chain) checkChain(model, chain, report)
  const columns = model.fields.map((field) => buildColumn(domain, model, field, report))
  const links = model.fields.flatMap((field) => buildLink(field, report))
  const moved = legacy?.words.includes('moved') ?? false
  return {
    domain,
    name: model.name,
    ...(model.about && { about: model.about }),
    ...(api && { resource: api.words[0] ?? '', listed: !api.words.includes('expand-only') }),
    ...(legacy && { legacy: { table: legacy.words.find((word) => word !== 'moved') ?? model.name, moved } }),
    ...(retain && {
      retain: {
        period: retain.words[0] ?? '',
        column: retain.words[1] ?? '',
        ...(retain.options.erased !== undefined && { erased: retain.options.erased }),
      },
    }),
    ...(chain && { chained: true as const }),
    key: keyOf(model),
    columns,
    indexes: model.blocks.filter(({ kind }) => kind !== 'id').map(({ columns }) => columns),
    links,
  }
}

/** Rows of a log are found again by one key, say when they were written, and outlive what they name. */
function checkChain(model: ParsedModel, { line }: Annotation, report: Report): void {
  if (keyOf(model).length !== 1) report(line, `@chain expects one @id column, ${model.name} has ${keyOf(model).length}`)
  const isTimed = model.fields.some(
    ({ name, type, nullable }) => name === 'createdAt' && type === 'DateTime' && !nullable,
  )
  if (!isTimed) report(line, `@chain expects a column createdAt of type DateTime in ${model.name}`)
  for (const field of model.fields)
    for (const { tag, options, line: at } of field.annotations)
      if ((tag === 'link' || tag === 'subject') && options.onErase !== 'keep')
        report(at, `${model.name}.${field.name} is in a log (@chain), whose rows never change: expected onErase=keep`)
}

function keyOf(model: ParsedModel): readonly string[] {
  const composite = model.blocks.find(({ kind }) => kind === 'id')
  return composite?.columns ?? model.fields.filter(({ attributes }) => /@id\b/.test(attributes)).map(({ name }) => name)
}

function buildColumn(domain: Domain, model: ParsedModel, field: ParsedField, report: Report): CatalogColumn {
  const where = `${domain}.${model.name}.${field.name}`
  const classes = field.annotations.filter(({ tag }) => (CLASSES as readonly string[]).includes(tag))
  const [annotation] = classes
  const type = TYPES[field.type]
  if (!type)
    report(field.line, `${where} has the type ${field.type}; the catalog knows ${Object.keys(TYPES).join(', ')}`)
  if (classes.length !== 1) report(field.line, classProblem(where, classes))
  if (annotation) checkClass(domain, where, annotation, report)
  checkTags(where, field, report)
  const legacy = field.annotations.find(({ tag }) => tag === 'legacy')
  return {
    name: field.name,
    type: type ?? 'text',
    nullable: field.nullable,
    unique: /@(id|unique)\b/.test(field.attributes),
    class: (annotation?.tag ?? 'plain') as ColumnClass,
    ...(annotation?.tag === 'pii' && { pii: annotation.words[0] as PiiClass }),
    ...(annotation?.tag === 'pii' && annotation.options.of && { of: annotation.options.of }),
    ...(annotation?.tag === 'key' && annotation.words[0] === 'bearer' && { bearer: true as const }),
    ...(legacy?.words[0] && { legacy: legacy.words[0] }),
    ...(field.about && { about: field.about }),
  }
}

function classProblem(where: string, classes: readonly Annotation[]): string {
  const listed = CLASSES.map((name) => `@${name}`).join(', ')
  if (classes.length === 0) return `${where} has no class: write one of ${listed} in a /// comment above it`
  return `${where} has ${classes.length} classes (${classes.map(({ tag }) => `@${tag}`).join(', ')}): keep one of ${listed}`
}

function checkClass(domain: Domain, where: string, annotation: Annotation, report: Report): void {
  if (annotation.tag === 'freetext' && domain === 'identity' && !/\.(OutboxMessage)\./.test(where))
    report(
      annotation.line,
      `${where} is @freetext, which is for billing and admin: in identity.prisma write "@pii freetext"`,
    )
  if (annotation.tag === 'key' && annotation.words.some((word) => word !== 'bearer'))
    report(annotation.line, `${where} is @key ${annotation.words.join(' ')}: expected @key or @key bearer`)
  if (annotation.tag !== 'pii') return
  if (!(PII as readonly string[]).includes(annotation.words[0] ?? ''))
    report(annotation.line, `${where} is @pii ${annotation.words[0] ?? ''}: expected one of ${PII.join(', ')}`)
  if (domain !== 'identity')
    report(
      annotation.line,
      `${where} is @pii, but personal information lives in identity.prisma alone: keep a subject id here (@subject or @link identity.User.id), or @freetext`,
    )
}

function checkTags(where: string, field: ParsedField, report: Report): void {
  for (const { tag, line } of field.annotations)
    if (!(CLASSES as readonly string[]).includes(tag) && tag !== 'legacy')
      report(
        line,
        `${where} carries @${tag}, which is no annotation of a column: expected ${CLASSES.map((name) => `@${name}`).join(', ')} or @legacy`,
      )
}

function buildLink(field: ParsedField, report: Report): CatalogLink[] {
  const annotation = field.annotations.find(({ tag }) => tag === 'link' || tag === 'subject')
  if (!annotation) return []
  const target = annotation.tag === 'subject' ? SUBJECT_TARGET : (annotation.words[0] ?? '')
  const [domain = '', model = '', column = ''] = target.split('.')
  const { onErase = '', name = '', inverse = '' } = annotation.options
  if (!(ON_ERASE as readonly string[]).includes(onErase))
    report(annotation.line, `${field.name}: onErase is "${onErase}", expected ${ON_ERASE.join(', ')}`)
  if (onErase === 'null' && !field.nullable)
    report(annotation.line, `${field.name}: onErase=null needs a nullable column`)
  if (!name || !inverse) report(annotation.line, `${field.name}: a link needs name=<forward> and inverse=<back>`)
  return [
    {
      column: field.name,
      to: { domain: domain as Domain, model, column },
      onErase: onErase as OnErase,
      name,
      inverse,
      subject: annotation.tag === 'subject',
    },
  ]
}

function checkLinks(model: CatalogModel, source: ParsedModel, all: readonly CatalogModel[], report: Report): void {
  for (const link of model.links) {
    const line = source.fields.find(({ name }) => name === link.column)?.line ?? source.line
    const target = all.find(({ domain, name }) => domain === link.to.domain && name === link.to.model)
    const column = target?.columns.find(({ name }) => name === link.to.column)
    const where = `${model.domain}.${model.name}.${link.column}`
    const aim = `${link.to.domain}.${link.to.model}.${link.to.column}`
    if (!target || !column) report(line, `${where} links to ${aim}, which is in none of the three schemas`)
    else if (!column.unique) report(line, `${where} links to ${aim}, which is not unique: a link names one row`)
    if (model.columns.some(({ name }) => name === link.name))
      report(line, `${where}: name=${link.name} is a column already`)
    if (target?.columns.some(({ name }) => name === link.inverse))
      report(line, `${where}: inverse=${link.inverse} is a column of ${link.to.model}`)
    if (model.resource) checkNames(model, link, all, (message) => report(line, `${where}: ${message}`))
  }
}

/** `of` names the person by a column of a row that this one links to. */
function checkOwners(model: CatalogModel, source: ParsedModel, all: readonly CatalogModel[], report: Report): void {
  for (const { name, of } of model.columns) {
    if (of === undefined) continue
    const [domain, target, column] = of.split('.')
    const isLinked = model.links.some(({ to }) => to.domain === domain && to.model === target)
    const owner = all.find((other) => other.domain === domain && other.name === target)
    const names = owner?.links.some((link) => link.column === column && link.to.model === 'User')
    if (!isLinked || !names)
      report(
        source.fields.find((field) => field.name === name)?.line ?? source.line,
        `${model.domain}.${model.name}.${name} has of=${of}: expected a column that names a person, of a row that this one links to`,
      )
  }
}

/** Two links must not give a resource the same name. */
function checkNames(
  model: CatalogModel,
  link: CatalogLink,
  all: readonly CatalogModel[],
  report: (message: string) => void,
) {
  const rivals = all
    .filter(({ resource }) => resource)
    .flatMap((other) => other.links.map((candidate) => ({ other, candidate })))
    .filter(
      ({ candidate }) =>
        candidate !== link && candidate.to.model === link.to.model && candidate.to.domain === link.to.domain,
    )
  if (rivals.some(({ candidate }) => candidate.inverse === link.inverse))
    report(`inverse=${link.inverse} is taken by another link`)
  if (model.links.some((candidate) => candidate !== link && candidate.name === link.name))
    report(`name=${link.name} is taken by another link`)
}
