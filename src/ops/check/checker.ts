// The checks of a server: one turn at a time, in a process of its own, so that requests go on; what it found is kept.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { StoppedError } from '../../errors.ts'
import type { Policies } from '../backup/policy.ts'
import type { CheckAnswer, CheckTask } from './check-process.ts'
import type { Finding } from './finding.ts'
import { type Checked, newestFindings, type Turn } from './turns.ts'
import type { View } from './view.ts'

export interface CheckerOptions {
  readonly paths: View['paths']
  readonly policies: () => Policies
  /** Where undo files lie. */
  readonly dataDir?: string | undefined
  readonly now: () => Date
}

export interface CheckerState {
  /** What runs now. */
  readonly running: { readonly turn: Turn; readonly since: Date } | undefined
  /** The last of each that came to its end. */
  readonly often: Checked | undefined
  readonly whole: Checked | undefined
  /** Of the newest turn, with what only a whole one looks for. */
  readonly findings: readonly Finding[]
  /** When the last turn began that came to no end; undefined where the last one did. */
  readonly failedAt: Date | undefined
}

export interface Checker extends AsyncDisposable {
  state(): CheckerState
  /**
   * Runs a turn, or waits for the end of one that runs and looks at as much. Rejects where the process dies, and with
   * StoppedError where it is disposed of meanwhile.
   */
  run(turn: Turn): Promise<Checked>
}

interface Running {
  readonly turn: Turn
  readonly since: Date
  readonly ended: Promise<Checked>
}

export function createChecker({ paths, policies, dataDir, now }: CheckerOptions): Checker {
  const last: Partial<Record<Turn, Checked>> = {}
  const stopped = new AbortController()
  let running: Running | undefined
  let failedAt: Date | undefined
  async function oneTurn(turn: Turn, since: Date): Promise<Checked> {
    const began = performance.now()
    try {
      const findings = await inProcess({ turn, paths, policies: policies(), dataDir, now: since }, stopped.signal)
      const checked = { turn, at: since, tookMs: Math.round(performance.now() - began), findings }
      last[turn] = checked
      failedAt = undefined
      return checked
    } catch (error) {
      failedAt = since
      throw error
    }
  }
  return {
    state: () => ({
      running: running && { turn: running.turn, since: running.since },
      often: last.often,
      whole: last.whole,
      findings: newestFindings(last.often, last.whole),
      failedAt,
    }),
    async run(turn) {
      while (running && turn === 'whole' && running.turn !== 'whole') await running.ended.catch(() => undefined)
      if (running) return await running.ended
      stopped.signal.throwIfAborted()
      const since = now()
      const ended = oneTurn(turn, since).finally(() => {
        running = undefined
      })
      running = { turn, since, ended }
      return await ended
    },
    async [Symbol.asyncDispose]() {
      stopped.abort(new StoppedError('The checks were stopped: the process ends.'))
      await running?.ended.catch(() => undefined)
    },
  }
}

/** Resolves when the process has ended; a signal ends it at once, whatever it does. */
async function inProcess(task: CheckTask, signal: AbortSignal): Promise<readonly Finding[]> {
  signal.throwIfAborted()
  // What a library prints there may hold values.
  const child = fork(fileURLToPath(new URL('./check-process.ts', import.meta.url)), [], {
    execArgv: [],
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  })
  const kill = () => void child.kill('SIGKILL')
  signal.addEventListener('abort', kill, { once: true })
  // Its answer may lie in the channel still when it is gone.
  const ended = Promise.all([once(child, 'exit'), once(child, 'disconnect')])
  ended.catch(() => undefined) // Where the task cannot be sent, nobody waits for it.
  const answers: CheckAnswer[] = []
  child.on('message', (message: CheckAnswer) => answers.push(message))
  try {
    child.send(task, (error) => error && kill())
    await ended
  } finally {
    signal.removeEventListener('abort', kill)
    kill()
  }
  signal.throwIfAborted()
  const [answer] = answers
  if (answer && 'findings' in answer) return answer.findings
  throw new Error(`The process that checks ended early${answer ? `: ${answer.code}` : ''}`)
}
