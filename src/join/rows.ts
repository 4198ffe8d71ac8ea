// Rows of SQLite → objects of the answer. The functions are written out per shape, so that every object is a literal
// of one hidden class; the names in them come from the catalog and are JSON strings.
import type { CatalogColumn } from '../database/catalog.ts'
import { FileError } from '../errors.ts'
import { maskEmail, maskIp, maskPhone, maskText } from '../pii/mask.ts'
import type { Raw } from './files.ts'
import { positionOf, type Table } from './tables.ts'

export type Row = Record<string, unknown>
/** One object per raw row, in the same order. */
export type Build = (raw: readonly Raw[]) => Row[]
/** Puts each row into the parent whose place is the raw row's first value. */
export type Attach = (raw: readonly Raw[], rows: readonly Row[], parents: readonly Row[]) => void
/** The same where parents share rows: `slots[i]` is parent i's place among the keys, -1 without one. Counts misses. */
export type AttachShared = (
  raw: readonly Raw[],
  rows: readonly Row[],
  parents: readonly Row[],
  slots: readonly number[],
) => number

export interface Child {
  readonly name: string
  readonly many: boolean
}

const masks = {
  email: textMask(maskEmail),
  ip: textMask(maskIp),
  phone: textMask(maskPhone),
  freetext: textMask(maskText),
  name: () => '***',
}

/** `offset`: where the table's columns begin in a raw row. */
export function builder(
  table: Table,
  offset: number,
  children: readonly Child[],
  isMasked: (column: CatalogColumn) => boolean,
): Build {
  const key = positionOf(table, table.key) + offset
  const fields = table.columns.map(
    (column, index) => `${name(column)}: ${fieldText(column, index + offset, key, isMasked(column))}`,
  )
  const links = children.map((child) => `${name(child)}: ${child.many ? '[]' : 'null'}`)
  const code = `return raw => {
    const count = raw.length, rows = new Array(count)
    for (let i = 0; i < count; i++) {
      const r = raw[i]
      rows[i] = { ${[...fields, ...links].join(', ')} }
    }
    return rows
  }`
  const tooLarge = (column: string, id: unknown) => unsafeInteger(table, column, id)
  return new Function('masks', 'tooLarge', code)(masks, tooLarge) as Build
}

function fieldText(column: CatalogColumn, index: number, key: number, masked: boolean): string {
  const value = `r[${index}]`
  if (masked) return `${value} === null ? null : masks.${column.pii ?? 'name'}(${value})`
  if (column.type === 'boolean') return `${value} === null ? null : ${value} !== 0`
  // Beyond 2^53 the driver has already rounded.
  const limit = Number.MAX_SAFE_INTEGER
  if (column.type !== 'integer') return value
  return `${value} > ${limit} || ${value} < ${-limit} ? tooLarge(${name(column)}, r[${key}]) : ${value}`
}

export const manyAttacher = (child: Child): Attach =>
  // From the end: SQLite gives the rows of one key in the order they were written, the answer has the newest first.
  new Function(
    'raw',
    'rows',
    'parents',
    `for (let i = raw.length - 1; i >= 0; i--) parents[raw[i][0]][${name(child)}].push(rows[i])`,
  ) as Attach

export const oneAttacher = (child: Child): Attach =>
  new Function(
    'raw',
    'rows',
    'parents',
    `for (let i = 0; i < raw.length; i++) parents[raw[i][0]][${name(child)}] = rows[i]`,
  ) as Attach

export const sharedAttacher = (child: Child): AttachShared =>
  new Function(
    'raw',
    'rows',
    'parents',
    'slots',
    `const found = []
    for (let i = 0; i < raw.length; i++) found[raw[i][0]] = rows[i]
    let missing = 0
    for (let i = 0; i < parents.length; i++) {
      if (slots[i] < 0) continue
      const row = found[slots[i]]
      if (row === undefined) missing++
      else parents[i][${name(child)}] = row
    }
    return missing`,
  ) as AttachShared

const name = (named: { readonly name: string }): string => JSON.stringify(named.name)

/** SQLite's columns hold what was put there: a blob in a text column must not break an answer, nor get past the mask. */
function textMask(mask: (text: string) => string): (value: unknown) => string {
  return (value) => (typeof value === 'string' ? mask(value) : '***')
}

export function unsafeInteger(table: Table, column: string, id: unknown): never {
  throw new FileError(
    `${table.domain}.db holds a ${column} beyond 2^53 in the row ${JSON.stringify(id)} of ${table.resource}`,
    { hint: 'Such a number cannot be given exactly as JSON. Correct the row.' },
  )
}
