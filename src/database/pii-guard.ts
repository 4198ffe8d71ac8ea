// The last guard before billing.db and admin.db: text with personal information is refused, whoever wrote the code that sends
// it, over rows and over Prisma's clients alike. What was refused is told by place and kind, never by value.
import { GoggaError } from '../errors.ts'
import { findEmails, findPii, type PiiKind } from '../pii/find.ts'
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
  return (values) => {
    for (const column of guarded) refusePii(model, column, values[column.name])
  }
}

/** Messages and answers hold ids, whose digits may look like a number of somebody: there only emails are looked for. */
const LOOSE = new Set(['OutboxMessage', 'Change'])

function refusePii(model: CatalogModel, column: CatalogColumn, value: unknown): void {
  if (typeof value !== 'string') return
  const isProse = column.class === 'freetext' && !LOOSE.has(model.name)
  const [found] = isProse ? findPii(value) : findEmails(value)
  if (found) throw new PiiRefusedError(`${model.domain}.${model.name}.${column.name}`, found.kind)
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
