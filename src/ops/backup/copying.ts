// The threads of a backup: one copies, counts and checks; a second shares the checks of a large copy.
import { statSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import type { Domain } from '../../database/domains.ts'
import { FileError } from '../../errors.ts'
import { rebuilt } from './failures.ts'
import type { SnapshotFacts } from './snapshot-facts.ts'
import type { TakeMessage, TakeTask } from './take-worker.ts'

/** Disposing ends the threads, so that they write nothing into a folder that was cleared. */
export interface Copying extends AsyncDisposable {
  readonly copied: Promise<void>
  /** When whoever checks has the copy open: from then on it may be removed. */
  readonly opened: Promise<unknown>
  /** What the copy says of itself, once it is checked. Throws FileError where it is damaged. */
  readonly facts: Promise<SnapshotFacts>
}

/** Below it a thread takes longer to start than to help. */
const SHARED_FROM_BYTES = 16 << 20

export function startCopy(
  { domain, path, copy }: Pick<TakeTask, 'domain' | 'path' | 'copy'>,
  signal: AbortSignal | undefined,
): Copying {
  const isShared = (statSync(path, { throwIfNoEntry: false })?.size ?? 0) >= SHARED_FROM_BYTES
  const next = new SharedArrayBuffer(4)
  const start = (job: TakeTask['job']) =>
    new Worker(new URL('./take-worker.ts', import.meta.url), {
      workerData: { job, domain, path, copy, next } satisfies TakeTask,
    })
  const threads = [start('copy'), ...(isShared ? [start('help')] : [])]
  const [first, helper] = threads as [Worker, Worker | undefined]
  const [copied, facts] = [Promise.withResolvers<void>(), Promise.withResolvers<SnapshotFacts>()]
  const checked = threads.map(() => Promise.withResolvers<readonly string[]>())
  const opened = threads.map(() => Promise.withResolvers<void>())
  const fail = (
    error: unknown,
    promises: readonly { reject(error: unknown): void }[] = [copied, facts, ...opened, ...checked],
  ) => {
    for (const { reject } of promises) reject(error)
  }
  const abort = () => fail(signal?.reason)
  signal?.addEventListener('abort', abort, { once: true })
  for (const [nth, thread] of threads.entries()) {
    thread.on('message', (message: TakeMessage) => {
      if (message.type === 'copied') copied.resolve()
      else if (message.type === 'opened') opened[nth]?.resolve()
      else if (message.type === 'facts') {
        facts.resolve(message.facts)
        helper?.postMessage(message.checks)
      } else if (message.type === 'checked') checked[nth]?.resolve(message.findings)
      else fail(rebuilt(message.code, message.message, message.hint))
    })
    thread.on('error', (error) => fail(error))
    // Each in its time; whoever has answered may go.
    const own = [...opened.slice(nth, nth + 1), ...checked.slice(nth, nth + 1)]
    const owed = nth === 0 ? [copied, facts, ...own] : own
    thread.on('exit', () => fail(new Error('A thread of the backup ended early'), owed))
  }
  first.once('exit', () => signal?.removeEventListener('abort', abort))
  const whole = Promise.all([facts.promise, ...checked.map(({ promise }) => promise)]).then(([found, ...findings]) => {
    requireSound(domain, findings.flat())
    return found
  })
  // Whoever waits gets the rejection; until then it must not end the process.
  const isOpen = Promise.all(opened.map(({ promise }) => promise))
  for (const promise of [copied.promise, isOpen, whole]) promise.catch(() => undefined)
  return {
    copied: copied.promise,
    opened: isOpen,
    facts: whole,
    async [Symbol.asyncDispose]() {
      await Promise.all(threads.map((thread) => thread.terminate()))
    },
  }
}

function requireSound(domain: Domain, findings: readonly string[]): void {
  if (findings.length === 0) return
  throw new FileError(`${domain}.db is damaged, and so would be its backup: ${findings.slice(0, 3).join('; ')}`, {
    hint: 'Run "gogga check", then restore the file from an older backup.',
  })
}
