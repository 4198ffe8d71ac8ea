// The last guard before billing.db and admin.db: text with personal information is refused, whoever wrote the code that sends
// it, over rows and over Prisma's clients alike. What was refused is told by place and kind, never by value.
import { GoggaError } from '../errors.ts'
import { findAll, findAllInId } from '../pii/find-all.ts'
import type { PiiKind, PiiSpan } from '../pii/kinds.ts'
import type { CatalogColumn, CatalogModel } from './catalog.ts'

/** 500: code that should have detached it did not. */
export class PiiRefusedError extends GoggaError {
  /** `admin.Voucher.voidReason` */
  readonly place: string
  readonly kind: PiiKind

  constructor(place: string, kind: PiiKind) {
    super('internal', 500, 1, `Personal information (${kind}) was about to be written to ${place}`, {
      hint: 'Detach it first; see src/identity/detached-values.ts.',
    })
    this.place = place
    this.kind = kind
  }
}

/** Throws PiiRefusedError where a value holds what its file may not hold. */
export type Check = (values: Readonly<Record<string, unknown>>) => void

export function guardOf(model: CatalogModel): Check {
  const guarded = model.domain === 'identity' ? [] : model.columns.filter(({ type }) => type === 'text')
  const finders = guarded.map((column) => [column, finderFor(model, column)] as const)
  return (values) => {
    for (const [column, find] of finders) refusePii(model, column, find, values[column.name])
  }
}

/** Messages and answers are JSON of ids, whose digits may look like a number of somebody, and of texts. */
const LOOSE = new Set(['OutboxMessage', 'Change'])

type Finder = (text: string) => readonly PiiSpan[]

function finderFor(model: CatalogModel, column: CatalogColumn): Finder {
  if (LOOSE.has(model.name)) return column.class === 'freetext' ? findInMessage : onlyEmails
  return column.class === 'freetext' ? findAll : findAllInId
}

const onlyEmails = (text: string): readonly PiiSpan[] => findAll(text).filter(({ kind }) => kind === 'email')

/** In a text of JSON what its strings hold, each as a value of its own. */
function findInMessage(text: string): readonly PiiSpan[] {
  if (findAll(text).length === 0) return []
  return stringsIn(text).flatMap((inner) => findAllInId(inner))
}

function stringsIn(text: string): readonly string[] {
  const strings: string[] = []
  try {
    JSON.parse(text, (key, value: unknown) => {
      if (typeof value === 'string') strings.push(value)
      strings.push(key)
      return value
    })
    return strings
  } catch {
    return [text]
  }
}

function refusePii(model: CatalogModel, column: CatalogColumn, find: Finder, value: unknown): void {
  if (typeof value !== 'string') return
  const [found] = find(value)
  if (found) throw new PiiRefusedError(`${model.domain}.${model.name}.${column.name}`, found.kind)
}

const WRITES = /^\s*(?:with\b[\s\S]*\)\s*)?(?:insert|update|replace)\b/i

/** SQL of one's own over Prisma's clients: its words and the values that are bound to it, where it writes. Which column gets them is not known. */
export function refuseRaw(domain: CatalogModel['domain'], operation: string, args: unknown): void {
  if (domain === 'identity' || !/^\$(?:execute|query)Raw/.test(operation)) return
  const [sql, ...values] = textsOfRaw(args)
  if (sql === undefined || !WRITES.test(sql)) return
  for (const text of [sql, ...values]) {
    const [found] = findInMessage(text)
    if (found) throw new PiiRefusedError(`${domain}.sql`, found.kind)
  }
}

/** `[sql, ...values]` of the unsafe ones, `{ sql, values }` of the others. */
function textsOfRaw(args: unknown): readonly string[] {
  if (Array.isArray(args)) return args.filter((one): one is string => typeof one === 'string')
  const { sql, strings, values } = args as { sql?: unknown; strings?: readonly string[]; values?: readonly unknown[] }
  const text = typeof sql === 'string' ? sql : (strings ?? []).join('?')
  return [text, ...(values ?? []).filter((one): one is string => typeof one === 'string')]
}

interface Written {
  readonly data?: unknown
  readonly create?: unknown
  readonly update?: unknown
}

/** The rows of an operation of Prisma's: one, many, or the two of an upsert. */
export function rowsWritten({ data, create, update }: Written): readonly Readonly<Record<string, unknown>>[] {
  return [data, create, update].flat().flatMap((row) => (isRow(row) ? [plain(row)] : []))
}

const isRow = (row: unknown): row is Readonly<Record<string, unknown>> => typeof row === 'object' && row !== null

/** `{ reason: { set: 'x' } }` is `{ reason: 'x' }`. */
function plain(row: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, isRow(value) ? value.set : value]))
}
