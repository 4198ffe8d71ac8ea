/**
 * What a process of its own does that reads raw files and searches them: closing a descriptor of an open database would drop all
 * locks of the process that closes it (POSIX), and a server must not wait. What its parent unpacks comes through stdin.
 */
import { type FileHandle, open } from 'node:fs/promises'
import Database from 'better-sqlite3'
import { CutOffError, createFrames } from './frames.ts'
import { createTally, type Hit } from './hits.ts'
import { freePagesOf, HEADER_BYTES, layoutOf, type SourceKind } from './layout.ts'
import { NeedleStore } from './needle-store.ts'
import { buildTable } from './needle-table.ts'
import { fillStore, type NeedleCounts, type NeedleSource } from './needles.ts'
import { unpackedOf } from './packed.ts'
import { type Read, ROOM_BYTES, searchPieces } from './pieces.ts'
import { createSearch, type Search } from './search.ts'
import { withinOf } from './within.ts'

export interface StartMessage {
  readonly type: 'start'
  readonly needles: NeedleSource
}

export interface ScanMessage {
  readonly type: 'scan'
  readonly name: string
  readonly kind: SourceKind
  /** Without one, and without a task, the bytes come through stdin. */
  readonly path?: string
  /** For what opens sources that are no plain files. */
  readonly task?: unknown
}

/** Bytes of what a task names. What it throws is told, without the values that it may hold. */
export type OpenTask = (task: unknown) => AsyncIterable<Uint8Array>

/** Which tables own these pages: reads the whole file, so it is asked only where something was found. */
export interface OwnersMessage {
  readonly type: 'owners'
  readonly path: string
  readonly pages: readonly number[]
}

export type ParentMessage = StartMessage | ScanMessage | OwnersMessage

/** Of this process since it began. */
export interface Cost {
  readonly cpuMs: number
  readonly peakKib: number
}

export type ChildMessage =
  | { readonly type: 'ready'; readonly needles: NeedleCounts; readonly cost: Cost }
  | { readonly type: 'progress'; readonly bytes: number }
  | { readonly type: 'scanned'; readonly hits: readonly Hit[]; readonly bytes: number; readonly cost: Cost }
  | { readonly type: 'owned'; readonly tables: Readonly<Record<number, string>> }
  /** `code` of the system, such as ENOENT; classes do not travel between processes. */
  | { readonly type: 'failed'; readonly code: string | undefined; readonly message: string }

const post = (message: ChildMessage) => process.send?.(message)
function costNow(): Cost {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage()
  return { cpuMs: (userCPUTime + systemCPUTime) / 1_000, peakKib: maxRSS }
}

let search: Search | undefined

/** Answers the process that forked this one until that has no more to ask. */
export function answerScans(openTask?: OpenTask): void {
  const frames = createFrames(process.stdin)
  process.on('message', async (message: ParentMessage) => {
    try {
      if (message.type === 'start') post({ type: 'ready', needles: start(message), cost: costNow() })
      else if (message.type === 'scan') await scan(message, openTask, () => frames.next())
      else post({ type: 'owned', tables: tablesOf(message) })
    } catch (error) {
      // Half a stream left in the pipe would be taken for the next one.
      const isStream = message.type === 'scan' && message.path === undefined && message.task === undefined
      if (isStream && !(error instanceof CutOffError)) throw error
      const { code, message: text } = error as NodeJS.ErrnoException
      post({ type: 'failed', code, message: text })
    }
  })
  // The parent is gone, or needs nothing more.
  process.on('disconnect', () => process.exit(0))
}

function start({ needles }: StartMessage): NeedleCounts {
  const store = new NeedleStore()
  const counts = fillStore(store, needles)
  const within = 'within' in needles ? needles.within : undefined
  search = createSearch(buildTable(store), ROOM_BYTES, within && withinOf(within))
  return counts
}

async function scan({ name, kind, path, task }: ScanMessage, openTask: OpenTask | undefined, next: () => Read) {
  if (path !== undefined) return await scanFile(name, kind, path)
  if (task === undefined) return await searchOne(name, kind, new Set(), next())
  if (!openTask) throw new Error('This process does not know how to open it')
  await searchOne(name, kind, new Set(), readerOver(openTask(task)))
}

async function scanFile(name: string, kind: SourceKind, path: string): Promise<void> {
  await using file = await open(path, 'r')
  const unpacked = kind === 'database' || kind === 'file' ? await unpackedOf(file, path) : undefined
  if (unpacked) return await searchOne(name, kind, new Set(), readerOver(unpacked))
  const free = kind === 'database' ? await freePagesOf(file) : new Set<number>()
  await searchOne(name, kind, free, readerOf(file))
}

async function searchOne(file: string, kind: SourceKind, free: ReadonlySet<number>, read: Read): Promise<void> {
  if (!search) throw new Error('There is nothing to search for yet')
  let tally: ReturnType<typeof createTally> | undefined
  const bytes = await searchPieces(
    search,
    read,
    (offset, needle, form, touched) => tally?.add(offset, needle, form, touched),
    (piece) => {
      // The header is known with the first piece, before anything can be found in it.
      tally ??= createTally(file, layoutOf(kind, piece.subarray(0, HEADER_BYTES), free))
      post({ type: 'progress', bytes: piece.length })
    },
  )
  post({ type: 'scanned', hits: tally?.hits() ?? [], bytes, cost: costNow() })
}

/** An index counts as its table. Opened after all descriptors of the file are closed, so that no lock is lost. */
function tablesOf({ path, pages }: OwnersMessage): Record<number, string> {
  const connection = new Database(path, { readonly: true, fileMustExist: true })
  try {
    const owners = connection.prepare(
      `select pageno, coalesce(tbl_name, dbstat.name) from dbstat left join sqlite_schema on sqlite_schema.name = dbstat.name
       where pageno in (select value from json_each(?))`,
    )
    return Object.fromEntries(owners.raw().all(JSON.stringify(pages)) as [number, string][])
  } finally {
    connection.close()
  }
}

/** Pieces of any size, copied behind each other. */
export function readerOver(source: AsyncIterable<Uint8Array>): Read {
  const chunks = source[Symbol.asyncIterator]()
  let rest: Uint8Array = new Uint8Array(0)
  return async (into) => {
    let size = 0
    while (size < into.length) {
      if (rest.length === 0) {
        const { value, done } = await chunks.next()
        if (done) break
        rest = value
      }
      const part = rest.subarray(0, into.length - size)
      into.set(part, size)
      size += part.length
      rest = rest.subarray(part.length)
    }
    return size
  }
}

function readerOf(file: FileHandle): Read {
  let position = 0
  return async (into) => {
    let size = 0
    while (size < into.length) {
      const { bytesRead } = await file.read(into, size, into.length - size, position)
      if (bytesRead === 0) break
      size += bytesRead
      position += bytesRead
    }
    return size
  }
}
