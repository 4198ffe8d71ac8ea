// Which part of a file a place belongs to (SQLite file format, 1.3 "The Database Header", 1.5 "The Freelist").
import type { FileHandle } from 'node:fs/promises'

export type SourceKind = 'database' | 'wal' | 'journal' | 'file'
export type Where = 'page' | 'free page' | 'beyond the end' | 'wal' | 'journal' | 'file'

export interface Spot {
  readonly where: Where
  /** From 1; undefined outside databases. */
  readonly page: number | undefined
}

export type Layout = (offset: number) => Spot

export const HEADER_BYTES = 100
const MAGIC = 'SQLite format 3\0'
const TRUNK_HEADER_BYTES = 8

export function layoutOf(kind: SourceKind, header: Uint8Array, free: ReadonlySet<number>): Layout {
  const shape = kind === 'database' ? shapeOf(header) : undefined
  if (!shape) return () => ({ where: kind === 'database' ? 'file' : kind, page: undefined })
  return (offset) => {
    const page = Math.floor(offset / shape.size) + 1
    if (page > shape.pages) return { where: 'beyond the end', page }
    return { where: free.has(page) ? 'free page' : 'page', page }
  }
}

function shapeOf(header: Uint8Array): { size: number; pages: number; trunk: number } | undefined {
  const bytes = Buffer.from(header.buffer, header.byteOffset, header.byteLength)
  if (bytes.length < HEADER_BYTES || bytes.toString('latin1', 0, MAGIC.length) !== MAGIC) return undefined
  const size = bytes.readUInt16BE(16) === 1 ? 65_536 : bytes.readUInt16BE(16)
  return size < 512 ? undefined : { size, pages: bytes.readUInt32BE(28), trunk: bytes.readUInt32BE(32) }
}

/** Numbers of the free pages. A file that is written to meanwhile may give some too many or too few. */
export async function freePagesOf(file: FileHandle): Promise<ReadonlySet<number>> {
  const free = new Set<number>()
  const header = Buffer.alloc(HEADER_BYTES)
  await file.read(header, 0, HEADER_BYTES, 0)
  const shape = shapeOf(header)
  if (!shape) return free
  const page = Buffer.alloc(shape.size)
  for (let trunk = shape.trunk; trunk !== 0 && trunk <= shape.pages && !free.has(trunk); ) {
    free.add(trunk)
    const { bytesRead } = await file.read(page, 0, shape.size, (trunk - 1) * shape.size)
    if (bytesRead < shape.size) break
    const count = Math.min(page.readUInt32BE(4), shape.size / 4 - 2)
    for (let at = 0; at < count; at++) free.add(page.readUInt32BE(TRUNK_HEADER_BYTES + 4 * at))
    trunk = page.readUInt32BE(0)
  }
  return free
}
