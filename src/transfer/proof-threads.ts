// Starts proofs on threads of their own, so that the snapshot is checked while it is loaded, and two files at a time.
import { Worker } from 'node:worker_threads'
import { FileError } from '../errors.ts'
import type { PlannedTable } from './plan.ts'
import type { ProofTask, SideProof } from './proof.ts'

/** Rows are short-lived: a small nursery costs little time and keeps three threads within their share of memory. */
const HEAP = { maxYoungGenerationSizeMb: 6, maxOldGenerationSizeMb: 128 }

export type ProofMessage =
  | { readonly type: 'progress'; readonly rows: number }
  | { readonly type: 'proof'; readonly proof: SideProof }
  | { readonly type: 'failure'; readonly code: string; readonly message: string; readonly hint: string | undefined }

export interface RunningProof {
  readonly proof: Promise<SideProof>
  /** Throws what the thread failed with, if it has. */
  check(): void
  stop(): Promise<void>
}

/** `name` is the input's path, for messages. */
export function startProof(task: ProofTask, name: string, progress: (rows: number) => void): RunningProof {
  const worker = new Worker(new URL('./proof-worker.ts', import.meta.url), { workerData: task, resourceLimits: HEAP })
  let failure: unknown
  let isDone = false
  const proof = new Promise<SideProof>((resolve, reject) => {
    const fail = (error: unknown) => {
      if (!isDone) failure = error
      reject(error)
    }
    const finish = (side: SideProof) => {
      isDone = true
      resolve(side)
    }
    worker.on('message', (message: ProofMessage) => {
      if (message.type === 'progress') progress(message.rows)
      else if (message.type === 'proof') finish(message.proof)
      else fail(failureOf(message, name))
    })
    worker.on('error', fail)
    worker.on('exit', () => fail(new Error('The thread of the proof ended early')))
  })
  // Whoever waits for the proof gets the rejection; until then it must not end the process.
  proof.catch(() => undefined)
  return {
    proof,
    check() {
      if (failure !== undefined) throw failure
    },
    async stop() {
      await worker.terminate()
    },
  }
}

function failureOf({ code, message, hint }: ProofMessage & { type: 'failure' }, name: string): Error {
  if (code === 'file') return new FileError(message, hint === undefined ? {} : { hint })
  if (code?.startsWith('SQLITE_CORRUPT') || code?.startsWith('SQLITE_IOERR')) {
    return new FileError(`${name} is damaged: ${message}`, { hint: 'Restore it from a backup, and split that.' })
  }
  return new Error(message)
}

/** Shares tables among threads, the largest first, each to the thread that has least to do. */
export function shareTables(tables: readonly PlannedTable[], threads: number): PlannedTable[][] {
  const shares = Array.from({ length: threads }, (): PlannedTable[] => [])
  const load = (share: readonly PlannedTable[]) => share.reduce((sum, { rows }) => sum + rows, 0)
  for (const table of [...tables].sort((a, b) => b.rows - a.rows)) {
    const [least] = [...shares].sort((a, b) => load(a) - load(b))
    least?.push(table)
  }
  return shares.filter((share) => share.length > 0)
}
