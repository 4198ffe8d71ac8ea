// The catalog's classes in words for readers.
import type { CatalogColumn, CatalogModel } from '../../database/catalog.ts'
import type { ColumnClass, PiiClass } from '../../generated/catalog.ts'

/** Two letters stand in the picture beside each column, so that nobody needs the colours. */
export interface ClassWords {
  readonly mark: string
  readonly words: string
  readonly colour: string
}

export const CLASSES: Readonly<Record<ColumnClass, ClassWords>> = {
  pii: { mark: 'PI', words: 'personal information', colour: '#b03a2e' },
  freetext: { mark: 'FT', words: 'free text; personal information is taken out before each write', colour: '#8a5a00' },
  subject: { mark: 'SU', words: 'names a person by subject id, or a word such as "system"', colour: '#7d3c98' },
  link: { mark: 'LI', words: 'names a row', colour: '#1f618d' },
  secret: { mark: 'SE', words: 'a secret: hash, token or reference that gives power', colour: '#212f3d' },
  key: { mark: 'ID', words: 'an opaque identifier', colour: '#566573' },
  plain: { mark: 'PL', words: 'a fact without personal information', colour: '#1b6e3c' },
}

const KINDS: Readonly<Record<PiiClass, string>> = {
  email: 'an email address',
  phone: 'a phone number',
  ip: 'an IP address',
  name: 'a name',
  freetext: 'text with personal information',
}

export const kindWords = (kind: PiiClass): string => KINDS[kind]

/** The schema's own sentence, or what the column's class says. */
export function meaningOf(model: CatalogModel, column: CatalogColumn): string {
  if (column.about !== undefined) return column.about
  if (column.pii) return `Personal information: ${KINDS[column.pii]}.`
  const link = model.links.find((one) => one.column === column.name)
  if (link && (link.subject || link.to.model === 'User')) return `Subject id of the person (${link.name}).`
  if (link) return `Id of a row of ${link.to.domain}.${link.to.model}.`
  if (column.class === 'key' && model.key.includes(column.name)) return 'The id of the row.'
  if (column.type === 'time') return 'A time, in UTC.'
  return `${CLASSES[column.class].words.replace(/^./, (first) => first.toUpperCase())}.`
}
