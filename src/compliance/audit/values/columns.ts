// What the audit reads of a file: every table and column that the file really has, whether or not the catalog knows it,
// and how closely, by the catalog's class.
import { type CatalogColumn, type CatalogModel, columnOf, modelsOf, quote } from '../../../database/catalog.ts'
import type { Connection } from '../../../database/connections.ts'
import type { Domain } from '../../../database/domains.ts'

/**
 * text: every detector. key: ids, codes and tokens, whose digits may look like anything: emails, and values that
 * identity.db knows; with a blank, a dot or another mark that no id has, as text. time: nothing where it is a time as Prisma
 * writes it, else as text. count: numbers in a row, as a key without a mark. link: nothing where it is of a chain, else as text.
 */
export type Closeness = 'text' | 'key' | 'time' | 'count' | 'link'

export interface ScannedColumn {
  readonly name: string
  readonly closeness: Closeness
  /** In the catalog. */
  readonly isKnown: boolean
  /** What to select: the column, or less of it where it holds numbers. */
  readonly expression: string
}

export interface ScannedTable {
  readonly name: string
  readonly columns: readonly ScannedColumn[]
  /** A name under which the table gives its rowid; undefined where it has none. */
  readonly rowid: string | undefined
}

const KEY_CLASSES: ReadonlySet<string> = new Set(['key', 'link', 'subject', 'secret'])

export function tablesIn(connection: Connection, domain: Domain): ScannedTable[] {
  const tables = connection
    .prepare<[], { name: string; wr: number; type: string }>(
      `select name, wr, type from pragma_table_list where schema = 'main' and type in ('table', 'shadow', 'virtual') order by name`,
    )
    .all()
  return tables.map(({ name, wr, type }) => {
    const model = modelsOf(domain).find((candidate) => candidate.name === name)
    const found = connection
      .prepare<[string], { name: string; type: string; hidden: number }>(
        'select name, type, hidden from pragma_table_xinfo(?)',
      )
      .all(name)
      .filter(({ hidden }) => hidden !== 1)
    const columns = found.map((column) => scanned(name, column, model))
    return { name, columns, rowid: wr === 0 && type !== 'virtual' ? rowidOf(found) : undefined }
  })
}

function scanned(table: string, found: { name: string; type: string }, model?: CatalogModel): ScannedColumn {
  const known = model && columnOf(model, found.name)
  const isOfLink = model?.linkColumns?.some(({ name }) => name === found.name) ?? false
  return {
    name: found.name,
    closeness: isOfLink ? 'link' : closenessOf(table, found.type, known),
    isKnown: isOfLink || known !== undefined,
    expression: /int|bool/i.test(found.type) ? unlessShort(quote(found.name)) : quote(found.name),
  }
}

function closenessOf(table: string, declared: string, known?: CatalogColumn): Closeness {
  // SQLite's own statistics count rows; their text is numbers in a row.
  if (table.startsWith('sqlite_stat')) return 'count'
  if (known === undefined) return /date|time/i.test(declared) ? 'time' : 'text'
  if (known.type === 'time') return 'time'
  return KEY_CLASSES.has(known.class) ? 'key' : 'text'
}

/** Numbers of ten digits and fewer are counts and amounts; longer ones might be an ID or card number. */
const unlessShort = (column: string): string =>
  `case typeof(${column}) when 'integer' then case when ${column} between -9999999999 and 9999999999 then null else cast(${column} as text) end else ${column} end`

function rowidOf(columns: readonly { name: string }[]): string | undefined {
  const taken = new Set(columns.map(({ name }) => name.toLowerCase()))
  return ['rowid', '_rowid_', 'oid'].find((name) => !taken.has(name))
}
