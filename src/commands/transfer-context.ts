// What split and merge take from the outside world: the clock, ids, progress and Ctrl-C.
import { randomUUID } from 'node:crypto'
import type { TransferContext } from '../transfer/context.ts'
import { createProgress } from './progress.ts'

const UNITS = { read: 'bytes', plan: 'steps', copy: 'rows', verify: 'rows', publish: 'steps' }

export interface OpenTransferContext extends TransferContext {
  [Symbol.dispose](): void
}

export function openTransferContext(): OpenTransferContext {
  const progress = createProgress({ now: Date.now, units: UNITS })
  const controller = new AbortController()
  const abort = () => controller.abort()
  process.once('SIGINT', abort).once('SIGTERM', abort)
  return {
    now: () => new Date(),
    randomId: () => randomUUID().replaceAll('-', ''), // Node draws from a pool: a system call for each of millions would show.
    progress: ({ phase, done, total, what }) => progress.update(phase, done, total, what),
    signal: controller.signal,
    [Symbol.dispose]() {
      progress.stop()
      process.off('SIGINT', abort).off('SIGTERM', abort)
    },
  }
}
