// What the tests of split and merge share: a context whose time and ids are known.
import { createHash } from 'node:crypto'
import type { ProgressEvent, TransferContext } from '../../src/transfer/context.ts'

export interface TestContext extends TransferContext {
  readonly events: ProgressEvent[]
}

export function transferContext(seed = 'seed', signal?: AbortSignal): TestContext {
  const events: ProgressEvent[] = []
  let count = 0
  const context = {
    events,
    now: () => new Date('2026-11-22T18:00:00.000Z'),
    randomId: () =>
      BigInt(`0x${createHash('sha256').update(`${seed}${count++}`).digest('hex')}`)
        .toString(36)
        .slice(0, 24)
        .padEnd(24, '0'),
    progress: (event: ProgressEvent) => void events.push(event),
  }
  return signal ? { ...context, signal } : context
}
