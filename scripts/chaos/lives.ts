// The server's lives, one after the other: started, killed, started again at once. The next process is loaded while the one
// before it lives, as an orchestrator would keep one warm.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { openSync } from 'node:fs'
import { join } from 'node:path'
import type { Domain } from '../../src/database/domains.ts'
import type { Fatal, FromServer, ToServer } from './server.ts'

export interface LivesOptions {
  readonly dir: string
  readonly env: Readonly<Record<string, string>>
}

const SERVER = join(import.meta.dirname, 'server.ts')

export class Lives {
  readonly #options: LivesOptions
  readonly #log: number
  #standby: Promise<ChildProcess> | undefined
  #current: ChildProcess | undefined
  #address = Promise.withResolvers<string>()
  #ended: Promise<void> = Promise.resolve()
  /** Named places that were reached. */
  readonly reached = new Set<string>()
  /** From the death of one server to the next one's first answer, in milliseconds. */
  readonly recoveries: number[] = []
  /** Ends that nobody planned. */
  readonly accidents: string[] = []
  #diedAt: number | undefined
  /** How many lives have ended. */
  deaths = 0

  constructor(options: LivesOptions) {
    this.#options = options
    this.#log = openSync(join(options.dir, 'server.log'), 'a')
    this.#standby = this.#load()
  }

  /** The address of the server that lives, or of the next one. */
  up(): Promise<string> {
    return this.#address.promise
  }

  async start(fatal?: Fatal): Promise<void> {
    const child = await (this.#standby ?? this.#load())
    this.#current = child
    const { promise: listening, resolve, reject } = Promise.withResolvers<string>()
    child.on('message', (message: FromServer) => {
      if (message.type === 'listening') resolve(message.address)
      if (message.type === 'reached') this.reached.add(message.place)
    })
    this.#ended = once(child, 'exit').then(([code, signal]) => {
      this.#bury(child, code, signal, fatal)
      reject(new Error(`The server ended before it listened: ${signal ?? code}`))
    })
    send(child, { type: 'go', ...fatal })
    // A place may be reached before the port is open: then this life is over already.
    const address = await listening.catch(() => undefined)
    this.#standby = this.#load()
    if (address === undefined) return
    if (this.#diedAt !== undefined) this.recoveries.push(performance.now() - this.#diedAt)
    this.#address.resolve(address)
  }

  get isAlive(): boolean {
    const { exitCode, signalCode } = this.#current ?? { exitCode: 0, signalCode: null }
    return exitCode === null && signalCode === null
  }

  /** Resolves when the life is over. */
  get ended(): Promise<void> {
    return this.#ended
  }

  async kill(): Promise<void> {
    this.#current?.kill('SIGKILL')
    await this.#ended
  }

  /** As an operator would. Throws where that is not a clean end. */
  async stop(): Promise<void> {
    const child = this.#current
    if (!child) return
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    const [code, signal] = await ended
    await this.#ended
    if (code !== 0) throw new Error(`SIGTERM ended the server with ${signal ?? `exit code ${code}`}, expected 0`)
  }

  spoil(domain: Domain, kind: 'full' | 'readonly'): void {
    if (this.#current) send(this.#current, { type: 'fault', kind, domain })
  }

  repair(): void {
    if (this.#current) send(this.#current, { type: 'release' })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const standby = await this.#standby?.catch(() => undefined)
    for (const child of [standby, this.#current]) {
      if (!child || child.exitCode !== null || child.signalCode !== null) continue
      const ended = once(child, 'exit')
      child.kill('SIGKILL')
      await ended
    }
  }

  #bury(child: ChildProcess, code: number | null, signal: string | null, fatal: Fatal | undefined): void {
    this.deaths += 1
    this.#diedAt = performance.now()
    this.#address = Promise.withResolvers<string>()
    if (code === 0) return
    const isPlanned = signal === 'SIGKILL' && (child.killed || fatal !== undefined)
    if (!isPlanned)
      this.accidents.push(`A server ended by itself with ${signal ?? `exit code ${code}`}: see server.log`)
  }

  async #load(): Promise<ChildProcess> {
    const { env, dir } = this.#options
    const cache = { NODE_COMPILE_CACHE: join(dir, 'compiled') }
    const child = fork(SERVER, [], {
      env: { ...cache, ...process.env, ...env },
      stdio: ['ignore', this.#log, this.#log, 'ipc'],
    })
    const [message] = (await Promise.race([once(child, 'message'), once(child, 'exit')])) as [FromServer | number]
    if (typeof message !== 'object' || message?.type !== 'loaded')
      throw new Error('A server did not load: see server.log')
    return child
  }
}

/** A process that ends meanwhile takes no message. */
function send(child: ChildProcess, message: ToServer): void {
  if (child.connected) child.send(message, () => {})
}
