// Prints the catalog as TypeScript: the data, and the types of rows and links that the join service infers from.
import type { CatalogColumn, CatalogModel, ColumnType } from './types.ts'

const TS_TYPES: Readonly<Record<ColumnType, string>> = {
  text: 'string',
  integer: 'number',
  boolean: 'boolean',
  time: 'string',
  bytes: 'Uint8Array',
}

const HEADER = `// Written by prisma/catalog-generator.ts from the annotated schemas at \`prisma generate\`. Edits are lost.
`

/** `types` is the text of types.ts, which becomes the head of the file. */
export function printCatalog(models: readonly CatalogModel[], types: string): string {
  const data = JSON.stringify(models, null, 2)
  return [
    HEADER,
    types.replace(/^\/\/.*\n\n/, ''),
    `export const models: readonly CatalogModel[] = ${data}\n`,
    printRows(models),
    printLinks(models),
    'export type Resource = keyof Rows\n',
  ].join('\n')
}

/** Secrets are in no answer, so they are in no row type either. */
function printRows(models: readonly CatalogModel[]): string {
  const rows = models
    .filter(({ resource }) => resource)
    .map((model) => `  ${key(model)}: {\n${printColumns(model)}\n  }`)
  return `/** One row of each resource as the join service gives it: times as RFC 3339 UTC. */\nexport interface Rows {\n${rows.join('\n')}\n}\n`
}

function printColumns(model: CatalogModel): string {
  return model.columns
    .filter((column) => column.class !== 'secret')
    .map((column) => `    ${column.name}: ${printType(column)}`)
    .join('\n')
}

const printType = ({ type, nullable }: CatalogColumn): string => TS_TYPES[type] + (nullable ? ' | null' : '')

const key = ({ resource = '' }: CatalogModel): string => (/^\w+$/.test(resource) ? resource : `'${resource}'`)

function printLinks(models: readonly CatalogModel[]): string {
  const resources = models.filter(({ resource }) => resource)
  const blocks = resources.map((model) => {
    const forward = model.links.flatMap((link) => {
      const target = resources.find(({ domain, name }) => domain === link.to.domain && name === link.to.model)
      return target ? [printLink(link.name, target, false)] : []
    })
    const back = resources.flatMap((source) =>
      source.links
        .filter(({ to }) => to.domain === model.domain && to.model === model.name)
        .map((link) => printLink(link.inverse, source, !isUnique(source, link.column))),
    )
    return `  ${key(model)}: {\n${[...forward, ...back].join('\n')}\n  }`
  })
  return `/** Every link of each resource, forward and back. */\nexport interface Links {\n${blocks.join('\n')}\n}\n`
}

const printLink = (name: string, target: CatalogModel, many: boolean): string =>
  `    ${name}: { to: '${target.resource}'; many: ${many} }`

const isUnique = (model: CatalogModel, column: string): boolean =>
  model.columns.some(({ name, unique }) => name === column && unique)
