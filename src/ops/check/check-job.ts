// When the server checks: often, and a whole turn a day. The first one after a start is a quick one, so that figures are there soon
// and a server that is started again and again does not read whole files each time.
import type { Checker, CheckerState } from './checker.ts'
import type { Turn } from './turns.ts'

const OFTEN_MS = 600_000
const DAY_MS = 86_400_000

export interface CheckJob {
  readonly name: 'check'
  readonly everyMs: number
  /** Resolves early where it is to stop: the checker ends what runs when it is disposed of. */
  run(stop: AbortSignal): Promise<void>
}

export const checkJob = (checker: Checker, now: () => Date): CheckJob => ({
  name: 'check',
  everyMs: OFTEN_MS,
  async run(stop) {
    const stopping = new Promise<void>((resolve) => stop.addEventListener('abort', () => resolve(), { once: true }))
    const turn = checker.run(dueTurn(checker.state(), now()))
    turn.catch(() => undefined) // Nobody waits for it after a stop.
    await Promise.race([turn, stopping])
  },
})

export function dueTurn({ often, whole }: Pick<CheckerState, 'often' | 'whole'>, now: Date): Turn {
  if (!whole) return often ? 'whole' : 'often'
  return now.getTime() - whole.at.getTime() >= DAY_MS ? 'whole' : 'often'
}
