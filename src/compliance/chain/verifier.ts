// Verifications of the logs' chains by a server: one at a time, in a process of its own at low priority; the last one is kept in memory.
import type { Domain } from '../../database/domains.ts'
import { StoppedError } from '../../errors.ts'
import { inProcess } from '../in-process.ts'
import type { ChainReport } from './report.ts'

export interface VerifyTask {
  readonly paths: Readonly<Record<Domain, string>>
  /** Ed25519 in PEM, of every key that signed heads. */
  readonly publicKeys: readonly string[]
  readonly now: Date
}

/** A code where it failed: messages may hold values. */
export type VerifyAnswer = { readonly report: ChainReport } | { readonly code: string }

export interface VerifierOptions extends Pick<VerifyTask, 'paths' | 'publicKeys'> {
  /** A module that takes one VerifyTask and gives one VerifyAnswer. */
  readonly process: URL
  readonly now: () => Date
}

export interface VerifierState {
  readonly running: { readonly since: Date } | undefined
  /** The last that came to its end. */
  readonly last: ChainReport | undefined
  /** When the last one began that came to no end; undefined where the last one did. */
  readonly failedAt: Date | undefined
}

export interface Verifier extends AsyncDisposable {
  state(): VerifierState
  /** Begins one, or waits for the one that runs. Rejects with StoppedError where it is disposed of meanwhile. */
  run(): Promise<ChainReport>
}

export function createVerifier({ process, paths, publicKeys, now }: VerifierOptions): Verifier {
  const stopped = new AbortController()
  let running: { readonly since: Date; readonly ended: Promise<ChainReport> } | undefined
  let last: ChainReport | undefined
  let failedAt: Date | undefined
  async function one(since: Date): Promise<ChainReport> {
    try {
      last = await verifyIn(process, { paths, publicKeys, now: since }, stopped.signal)
      failedAt = undefined
      return last
    } catch (error) {
      failedAt = since
      throw error
    }
  }
  return {
    state: () => ({ running: running && { since: running.since }, last, failedAt }),
    async run() {
      if (running) return await running.ended
      stopped.signal.throwIfAborted()
      const since = now()
      const ended = one(since).finally(() => {
        running = undefined
      })
      running = { since, ended }
      return await ended
    },
    async [Symbol.asyncDispose]() {
      stopped.abort(new StoppedError('The verification was stopped: the process ends.'))
      await running?.ended.catch(() => undefined)
    },
  }
}

async function verifyIn(module: URL, task: VerifyTask, signal: AbortSignal): Promise<ChainReport> {
  const answer = await inProcess<VerifyAnswer>(module, task, signal)
  if (answer && 'report' in answer) return answer.report
  throw new Error(`The process that verifies the chains ended early${answer ? `: ${answer.code}` : ''}`)
}
