// One value of one row, with its SQLite storage class: what better-sqlite3 gives with safeIntegers, and text whose
// bytes are no valid text, which JavaScript's strings cannot hold.
import { FileError } from '../errors.ts'

export type TextEncoding = 'UTF-8' | 'UTF-16le' | 'UTF-16be'

/** What a statement takes and gives: integer as bigint, real as number. */
export type Bound = null | bigint | number | string | Buffer
export type Cell = Bound | RawText

/** Text that is not valid in its database's encoding. SQLite keeps such bytes; `text` has U+FFFD in their place. */
export class RawText {
  readonly bytes: Buffer
  readonly text: string

  constructor(bytes: Buffer, text: string) {
    this.bytes = bytes
    this.text = text
  }
}

const REPLACEMENT = '\ufffd'

/** Whether a string as read may stand for bytes that are no valid text. */
export const mayBeRaw = (cell: unknown): cell is string => typeof cell === 'string' && cell.includes(REPLACEMENT)

/** A string as read and the bytes it was read from: RawText where the string does not give the bytes back. */
export const textOf = (text: string, bytes: Buffer, encoding: TextEncoding): string | RawText =>
  encoded(text, encoding).equals(bytes) ? text : new RawText(bytes, text)

/** Bytes of a text value, decoded, where no string was read. */
export function decodeText(bytes: Buffer, encoding: TextEncoding): string | RawText {
  const text = new TextDecoder(encoding.toLowerCase(), { ignoreBOM: true }).decode(bytes)
  return textOf(text, bytes, encoding)
}

function encoded(text: string, encoding: TextEncoding): Buffer {
  if (encoding === 'UTF-8') return Buffer.from(text, 'utf8')
  const bytes = Buffer.from(text, 'utf16le')
  return encoding === 'UTF-16le' ? bytes : bytes.swap16()
}

export function encodingOf(name: unknown): TextEncoding {
  if (name === 'UTF-8' || name === 'UTF-16le' || name === 'UTF-16be') return name
  throw new FileError(`The database has the text encoding ${String(name)}, expected UTF-8 or UTF-16`)
}

/** SQLite's storage classes; `raw` is text that is not valid, as the bytes that its own database had. */
export type Storage = 'null' | 'integer' | 'real' | 'text' | 'raw' | 'blob'

/** The storage class, and the bytes that LegacyOriginal keeps of a cell. */
export function storageOf(cell: Cell): { storage: Storage; bytes: Buffer } {
  if (cell === null) return { storage: 'null', bytes: Buffer.alloc(0) }
  if (typeof cell === 'bigint') return { storage: 'integer', bytes: Buffer.from(String(cell)) }
  if (typeof cell === 'number') return { storage: 'real', bytes: Buffer.from(realText(cell)) }
  if (typeof cell === 'string') return { storage: 'text', bytes: Buffer.from(cell) }
  return cell instanceof RawText ? { storage: 'raw', bytes: cell.bytes } : { storage: 'blob', bytes: cell }
}

/** The inverse of `storageOf`; `encoding` is that of the legacy database. */
export function cellOf(storage: Storage, bytes: Buffer, encoding: TextEncoding): Cell {
  if (storage === 'null') return null
  if (storage === 'integer') return BigInt(bytes.toString())
  if (storage === 'real') return Number(bytes.toString())
  if (storage === 'blob') return bytes
  return storage === 'raw' ? decodeText(bytes, encoding) : bytes.toString('utf8')
}

/** Keeps -0, which String() loses. */
const realText = (value: number) => (Object.is(value, -0) ? '-0' : String(value))

/** A value as text, for LegacyOriginal.replacement; null for NULL. */
export function replacementText(value: Bound): string | null {
  if (value === null) return null
  return Buffer.isBuffer(value) ? `x'${value.toString('hex')}'` : String(value)
}

/** Typed text of a cell: two cells have the same exactly when they are the same value of the same storage class. */
export function encodeCell(cell: Cell): string {
  if (typeof cell === 'string') return `t${cell.length}:${cell}`
  if (cell === null) return 'n'
  if (typeof cell === 'bigint') return `i${cell};`
  if (typeof cell === 'number') return `r${realText(cell)};`
  return cell instanceof RawText ? `x${cell.bytes.toString('hex')};` : `b${cell.toString('hex')};`
}
