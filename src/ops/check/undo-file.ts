// The rows that a repair is about to change, whole, so that it can be taken back: JSON lines, a head first. Values keep
// their storage class. The file may hold personal information and secrets: mode 0600 in a folder of mode 0700.
import {
  closeSync,
  createReadStream,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { type CatalogModel, columnOf, modelsOf } from '../../database/catalog.ts'
import { type Domain, isDomain } from '../../database/domains.ts'
import { syncFolder, writeAll } from '../../database/durable.ts'
import type { Stored } from '../../database/row-codec.ts'
import { UsageError } from '../../errors.ts'

export interface UndoLine {
  readonly model: CatalogModel
  readonly action: 'delete' | 'null'
  /** The column with the broken link. */
  readonly column: string
  readonly row: Readonly<Record<string, Stored>>
}

const HEAD = { gogga: 'undo', version: 1 } as const

/** Writes all lines, synced, under a name made of the time; gives its path, or null where there was no line. */
export function writeUndoFile(folder: string, now: Date, lines: Iterable<UndoLine>): string | null {
  const rows = lines[Symbol.iterator]()
  try {
    const first = rows.next()
    return first.done ? null : writeLines(folder, now, first.value, rows)
  } finally {
    // Where writing fails, whatever the lines are read from is let go.
    rows.return?.()
  }
}

function writeLines(folder: string, now: Date, first: UndoLine, rest: Iterator<UndoLine>): string {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const path = freeName(folder, now)
  const file = openSync(`${path}.new`, 'wx', 0o600)
  try {
    writeAll(file, `${JSON.stringify({ ...HEAD, madeAt: now })}\n`)
    let line: IteratorResult<UndoLine> = { done: false, value: first }
    for (; !line.done; line = rest.next()) writeAll(file, `${JSON.stringify(encode(line.value))}\n`)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  renameSync(`${path}.new`, path)
  syncFolder(dirname(path))
  return path
}

/** Reads them again, one at a time. Throws UsageError where the file is not one that `writeUndoFile` wrote. */
export async function* readUndoFile(path: string): AsyncGenerator<UndoLine> {
  if (!existsSync(path)) throw notUndo(path, 'nothing is there')
  const lines = createInterface({ input: createReadStream(path, 'utf8'), crlfDelay: Number.POSITIVE_INFINITY })
  let nth = 0
  for await (const text of lines) {
    nth += 1
    const value = parse(path, nth, text)
    if (nth > 1) yield decode(path, nth, value)
    else if (value.gogga !== HEAD.gogga || value.version !== HEAD.version) throw notUndo(path, 'its head is missing')
  }
  if (nth === 0) throw notUndo(path, 'it is empty')
}

/** Those that lie in the folder, oldest first, also one that was never finished; none where this user cannot look. */
export function undoFiles(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
      .filter((name) => /\.jsonl(\.new)?$/.test(name))
      .sort()
      .map((name) => join(folder, name))
  } catch {
    return []
  }
}

function freeName(folder: string, now: Date): string {
  const name = now.toISOString().replaceAll(':', '-')
  for (let nth = 0; ; nth++) {
    const path = join(folder, `${name}${nth === 0 ? '' : `-${nth}`}.jsonl`)
    if (!existsSync(path) && !existsSync(`${path}.new`)) return path
  }
}

type Typed =
  | null
  | { readonly text: string }
  | { readonly integer: string }
  | { readonly real: string }
  | { blob: string }

function encode({ model, action, column, row }: UndoLine) {
  const values = Object.entries(row).map(([name, value]) => [name, typed(value)])
  return { file: model.domain, table: model.name, action, column, row: Object.fromEntries(values) }
}

/** Read with safe integers: what is a number here is a real. */
function typed(value: Stored): Typed {
  if (value === null) return null
  if (typeof value === 'string') return { text: value }
  if (typeof value === 'bigint') return { integer: String(value) }
  if (typeof value === 'number') return { real: String(value) }
  return { blob: Buffer.from(value).toString('base64') }
}

function stored(value: unknown): Stored | undefined {
  if (value === null) return null
  const { text, integer, real, blob } = Object(value) as Partial<Record<'text' | 'integer' | 'real' | 'blob', unknown>>
  if (typeof text === 'string') return text
  if (typeof integer === 'string' && /^-?\d+$/.test(integer)) return BigInt(integer)
  if (typeof real === 'string') return Number(real)
  if (typeof blob === 'string') return Buffer.from(blob, 'base64')
  return undefined
}

function parse(path: string, nth: number, text: string): Record<string, unknown> {
  try {
    return Object(JSON.parse(text)) as Record<string, unknown>
  } catch (cause) {
    throw notUndo(path, `line ${nth} is not JSON`, cause)
  }
}

function decode(path: string, nth: number, line: Record<string, unknown>): UndoLine {
  const { file, table, action, column, row } = line
  const model = modelIn(file, table)
  const isAction = action === 'delete' || action === 'null'
  if (!model || !isAction || typeof column !== 'string' || !columnOf(model, column))
    throw notUndo(path, `line ${nth} names nothing that this version knows`)
  const values = Object.entries(Object(row)).map(([name, value]) => [name, stored(value)] as const)
  if (values.some(([name, value]) => !columnOf(model, name) || value === undefined))
    throw notUndo(path, `line ${nth} has a column or a value that does not fit ${model.domain}.${model.name}`)
  return { model, action, column, row: Object.fromEntries(values) as Record<string, Stored> }
}

function modelIn(file: unknown, table: unknown): CatalogModel | undefined {
  if (typeof file !== 'string' || !isDomain(file)) return undefined
  return modelsOf(file as Domain).find(({ name }) => name === table)
}

const notUndo = (path: string, why: string, cause?: unknown) =>
  new UsageError(`${path} is no undo file: ${why}`, { cause, hint: 'Name a file that "gogga check --repair" wrote.' })
