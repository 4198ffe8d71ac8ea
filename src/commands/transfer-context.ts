// What split and merge take from the outside world: the clock, ids, progress and Ctrl-C.
import { randomUUID } from 'node:crypto'
import { StoppedError } from '../errors.ts'
import type { TransferContext } from '../transfer/context.ts'
import { createProgress } from './progress.ts'

const UNITS = { read: 'bytes', copy: 'rows', verify: 'rows' }
const HINT = 'Run the same command again; split goes on from where it stopped.'

export interface OpenTransferContext extends TransferContext {
  [Symbol.dispose](): void
}

export function openTransferContext(): OpenTransferContext {
  const progress = createProgress({ now: Date.now, units: UNITS })
  const controller = new AbortController()
  const abort = () =>
    controller.abort(new StoppedError('Stopped before the end: nothing was published.', { hint: HINT }))
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
