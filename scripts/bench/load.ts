// Requests at a steady rate to a server of its own process: half reads, half readings of personal information in clear, which
// leave a row in the access log and so write to identity.db.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { join } from 'node:path'
import { firstLine } from './http.ts'

/** Milliseconds of each request, from when it was due. */
export interface Latencies {
  readonly reads: readonly number[]
  readonly writes: readonly number[]
}

export interface Served {
  readonly process: ChildProcess
  readonly address: string
}

export interface Load {
  readonly address: string
  readonly keys: { readonly read: string; readonly write: string }
  /** Where the nth request goes, such as `/v1/users/…`. */
  readonly path: (nth: number) => string
}

export const GOGGA = join(import.meta.dirname, '../gogga.ts')
const EVERY_MS = 20

/** `gogga serve` over files that exist. Throws where it does not listen. */
export async function startServer(env: NodeJS.ProcessEnv): Promise<Served> {
  const server = spawn(process.execPath, [GOGGA, 'serve', '--json'], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  const { address } = JSON.parse(await firstLine(server)) as { address: string }
  return { process: server, address }
}

/** What a command prints; throws with what it says where it fails. */
export const gogga = (env: NodeJS.ProcessEnv, ...words: readonly string[]): string =>
  execFileSync(process.execPath, [GOGGA, ...words], { env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })

export function createKey(env: NodeJS.ProcessEnv, ...scopes: readonly string[]): string {
  const words = ['keys', 'create', '--days', '1', ...scopes.flatMap((scope) => ['--scope', scope])]
  if (scopes.includes('pii:read')) words.push('--purpose', 'service-operation')
  return gogga(env, ...words).trim()
}

export const loadKeys = (env: NodeJS.ProcessEnv): Load['keys'] => ({
  read: createKey(env, 'frontend'),
  write: createKey(env, 'frontend', 'pii:read'),
})

/** Requests go out whether or not the last one was answered, so that a pause counts for all that were due in it. */
export async function load({ address, keys, path }: Load, until: AbortSignal): Promise<Latencies> {
  const latencies = { reads: [] as number[], writes: [] as number[] }
  const running: Promise<void>[] = []
  const began = performance.now()
  for (let nth = 0; !until.aborted; nth++) {
    const due = began + nth * EVERY_MS
    const left = due - performance.now()
    if (left > 0) await new Promise((resolve) => setTimeout(resolve, left))
    const [key, times] = nth % 2 === 0 ? [keys.read, latencies.reads] : [keys.write, latencies.writes]
    running.push(ask(address + path(nth), key, due).then((ms) => void times.push(ms)))
  }
  await Promise.all(running)
  return latencies
}

async function ask(url: string, key: string, due: number): Promise<number> {
  const response = await fetch(url, { headers: { authorization: `Bearer ${key}` } })
  await response.arrayBuffer()
  if (!response.ok) throw new Error(`The server answered ${response.status}`)
  return performance.now() - due
}

export const together = (...some: readonly Latencies[]): Latencies => ({
  reads: some.flatMap(({ reads }) => reads),
  writes: some.flatMap(({ writes }) => writes),
})
