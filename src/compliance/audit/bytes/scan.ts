/**
 * Searches raw bytes for values of persons: what a thief of a file would hold. Files are read by a process of its own; what
 * must be unpacked first comes as a stream. Memory is constant: the values, and a few pieces of a MiB.
 */
import { type ChildProcess, fork, type Serializable } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { FileError } from '../../../errors.ts'
import type { ChildMessage, Cost, ParentMessage } from './answer-scans.ts'
import { writeFrames } from './frames.ts'
import type { Hit } from './hits.ts'
import type { SourceKind } from './layout.ts'
import type { NeedleCounts, NeedleSource } from './needles.ts'

/** `name` stands in findings, never a path. */
interface Named {
  readonly name: string
  readonly kind: SourceKind
}

export interface ScanFile extends Named {
  readonly path: string
  /** A database that other connections have open: pages with a hit are asked for their tables. */
  readonly live?: boolean
  /** Others may remove it meanwhile: nothing is said then. */
  readonly mayGo?: boolean
}

/** What must be unpacked first. What `open` throws is told in the report, and the next source follows. */
export interface ScanStream extends Named {
  open(): AsyncIterable<Uint8Array>
}

/** What the process that searches opens itself (`scanner`): nothing of it passes through this one, or to a disk. */
export interface ScanTask extends Named {
  readonly task: Serializable
  readonly mayGo?: boolean
}

export type ScanSource = ScanFile | ScanStream | ScanTask

export interface ScanOptions {
  readonly needles: NeedleSource
  readonly files: Iterable<ScanSource>
  /** A module that calls `answerScans` with what opens a ScanTask. */
  readonly scanner?: URL | undefined
  /** Bytes so far, over all files. */
  readonly onProgress?: ((bytes: number) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

export interface ScanReport {
  readonly hits: readonly Hit[]
  readonly needles: NeedleCounts
  readonly bytes: number
  /** What could not be read, and why; a missing log or journal is not among them. */
  readonly unread: readonly { readonly name: string; readonly why: string }[]
  /** Of the process that searched: until it had read the values, and in all. */
  readonly cost: { readonly values: Cost; readonly all: Cost }
}

/** Every occurrence, counted by file, kind, form and part of the file. Throws FileError where a source can't be read. */
export async function scanBytes(options: ScanOptions): Promise<readonly Hit[]> {
  const { hits, unread } = await scanSources(options)
  const [first] = unread
  if (first) {
    throw new FileError(`${first.name} could not be searched: ${first.why}`, {
      hint: 'Make it readable, and search again.',
    })
  }
  return hits
}

const SCANNER = new URL('./scan-child.ts', import.meta.url)

/** The same with all that a report tells; goes on with the next source where one can't be read. */
export async function scanSources({
  needles,
  files,
  scanner = SCANNER,
  onProgress,
  signal,
}: ScanOptions): Promise<ScanReport> {
  signal?.throwIfAborted()
  const child = fork(fileURLToPath(scanner), [], {
    serialization: 'advanced',
    stdio: ['pipe', 'ignore', 'inherit', 'ipc'],
    // Rows of identity.db pass through here: a small nursery keeps them from piling up.
    execArgv: ['--max-semi-space-size=2'],
  })
  const stop = () => child.kill('SIGKILL')
  signal?.addEventListener('abort', stop)
  let bytes = 0
  const talk = conversation(child, (size) => {
    bytes += size
    onProgress?.(bytes)
  })
  try {
    const ready = await talk.ask({ type: 'start', needles })
    if (ready.type !== 'ready')
      throw new FileError(`The values to search for could not be read: ${whyOf(ready)}`, {
        hint: 'See "gogga check --domain identity".',
      })
    const hits: Hit[] = []
    const unread: { name: string; why: string }[] = []
    let cost = ready.cost
    for (const source of files) {
      const answer = await scanOne(child, talk, source)
      if (answer.type === 'scanned') {
        hits.push(...(await withTables(talk, source, answer.hits)))
        cost = answer.cost
      } else if (!isGone(answer, source)) unread.push({ name: source.name, why: whyOf(answer) })
    }
    return { hits, needles: ready.needles, bytes, unread, cost: { values: ready.cost, all: cost } }
  } catch (error) {
    signal?.throwIfAborted()
    throw error
  } finally {
    signal?.removeEventListener('abort', stop)
    stop()
  }
}

type Answer = Exclude<ChildMessage, { type: 'progress' }>

async function scanOne(child: ChildProcess, talk: Conversation, source: ScanSource): Promise<Answer> {
  const { name, kind } = source
  if ('path' in source) return talk.ask({ type: 'scan', name, kind, path: source.path })
  if ('task' in source) return talk.ask({ type: 'scan', name, kind, task: source.task })
  const answer = talk.ask({ type: 'scan', name, kind })
  if (!child.stdin) throw new Error('The process that searches has no stdin')
  const [sent, answered] = await Promise.allSettled([writeFrames(() => source.open(), child.stdin), answer])
  if (answered.status === 'rejected') throw answered.reason
  if (sent.status === 'fulfilled') return answered.value
  return { type: 'failed', code: undefined, message: (sent.reason as Error).message }
}

/** Names the tables of the pages that hold something; what can't be asked any more stays without. */
async function withTables(talk: Conversation, source: ScanSource, hits: readonly Hit[]): Promise<readonly Hit[]> {
  const pages = hits.flatMap((hit) => (hit.where === 'page' ? hit.pages : []))
  if (!('path' in source) || !source.live || pages.length === 0) return hits
  const answer = await talk.ask({ type: 'owners', path: source.path, pages })
  if (answer.type !== 'owned') return hits
  const tablesOf = (hit: Hit) => [...new Set(hit.pages.flatMap((page) => answer.tables[page] ?? []))].sort()
  return hits.map((hit) => (hit.where === 'page' ? { ...hit, tables: tablesOf(hit) } : hit))
}

/** A log or journal may go while others write: it had nothing left that the database does not hold. */
const isGone = (answer: Answer, source: ScanSource): boolean =>
  answer.type === 'failed' &&
  answer.code === 'ENOENT' &&
  (source.kind === 'wal' || source.kind === 'journal' || ('mayGo' in source && source.mayGo === true))

/** Without the path that messages of the system end in. */
function whyOf(answer: Answer): string {
  if (answer.type !== 'failed') return 'it gave no answer'
  return answer.code?.startsWith('E') ? answer.code : answer.message
}

type Conversation = ReturnType<typeof conversation>

/** One question at a time. */
function conversation(child: ChildProcess, onProgress: (bytes: number) => void) {
  const ended = once(child, 'exit').then(() => {
    throw new Error('The process that searches ended early')
  })
  ended.catch(() => undefined)
  // Writing to a process that is gone: its end is what is told.
  child.stdin?.on('error', () => undefined)
  return {
    async ask(question: ParentMessage): Promise<Answer> {
      const answer = new Promise<Answer>((resolve) => {
        const listen = (message: ChildMessage) => {
          if (message.type === 'progress') return onProgress(message.bytes)
          child.off('message', listen)
          resolve(message)
        }
        child.on('message', listen)
      })
      child.send(question)
      return Promise.race([answer, ended])
    },
  }
}
