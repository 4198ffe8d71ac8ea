// A change as its caller sees it: begun once per idempotency key, answered when its effects in the other files are there, or
// after two seconds with a place to look. The answer is kept in the file that the change began in, in its transaction.
import { changeIn, type Files, rowsIn } from '../database/clients.ts'
import { DOMAINS, type Domain } from '../database/domains.ts'
import type { RowOf, Tx } from '../database/rows.ts'
import { ConflictError, GoggaError, NotFoundError, UnavailableError } from '../errors.ts'
import type { Courier, Waiting } from './courier.ts'
import { type MessageType, type Post, post } from './messages.ts'
import { refusalText, throwRefusal } from './refusals.ts'
import { type Asked, changeIdOf, requestHashOf } from './requests.ts'
import { openAnswer, sealAnswer } from './sealed-answers.ts'
import type { Reached, SagaSources } from './sources.ts'

/** What a change works with besides its transaction. */
export interface Begin extends SagaSources {
  readonly changeId: string
  post<T extends MessageType>(message: Post<T>): void
}

export type Result<T> =
  | {
      /** 200, or 201 where something was made. */
      readonly status?: number
      readonly data: T
    }
  /** Thrown once the transaction is on disk: for a refusal whose traces must stay. A 404 or 409 is kept as the answer. */
  | { readonly refusal: GoggaError }

export interface Steps<D extends Domain, P, T> {
  /** What must be there before: text that was detached, a mail that was sent. Not for repeats. */
  readonly prepare?: () => Promise<P>
  /** The change itself, in one transaction; it may run again where the file was locked. */
  readonly write: (tx: Tx<D>, begin: Begin, prepared: P) => Result<T>
}

export interface Answer<T> {
  /** 202 where messages still wait; otherwise the result's. */
  readonly status: number
  readonly data: T
  readonly change: { readonly id: string; readonly settled: boolean }
  /** An answer that was given before. */
  readonly repeated: boolean
}

export interface ChangesOptions {
  readonly files: Files
  readonly courier: Courier
  readonly sources: SagaSources
  readonly reached: Reached
  /** Of identity.db; see `hashKeyOf`. */
  readonly hashKey: Uint8Array
  /** How long an answer waits for the other files, in milliseconds. */
  readonly settleMs?: number
}

type Kept = RowOf<Domain, 'Change'>

export const KEPT_MS = 24 * 3_600_000
const SETTLE_MS = 2_000

/** 422: the idempotency key came with another body before. */
export class ReusedKeyError extends GoggaError {
  constructor() {
    super('idempotency-key-reused', 422, 2, 'This Idempotency-Key came with another request before', {
      hint: 'Send a new key with a new request; a repeat must be the same to the byte of its values.',
    })
  }
}

export class Changes {
  readonly #options: ChangesOptions
  readonly #running = new Set<string>()

  constructor(options: ChangesOptions) {
    this.#options = options
  }

  /**
   * Prepares, writes in one transaction of `domain` with the messages that this posts, and waits for their effects. A repeat
   * with the same key and body gets the first answer; throws ReusedKeyError for another body, ConflictError while the first
   * one runs. A refusal (404, 409) by a step is kept like an answer and thrown again.
   */
  async begin<D extends Domain, P, T>(domain: D, asked: Asked, steps: Steps<D, P, T>): Promise<Answer<T>> {
    const id = changeIdOf(asked, this.#options.hashKey)
    if (id === undefined) return await this.#first(domain, this.#options.sources.newId(), asked, steps)
    if (this.#running.has(id)) throw stillRunning()
    this.#running.add(id)
    try {
      const before = this.#find(domain, id)
      if (before) return await this.#repeat(domain, before, asked)
      return await this.#first(domain, id, asked, steps)
    } finally {
      this.#running.delete(id)
    }
  }

  /** The file that keeps the answer to this request; undefined where it was not answered yet. */
  homeOf(asked: Asked): Domain | undefined {
    const id = changeIdOf(asked, this.#options.hashKey)
    return id === undefined ? undefined : DOMAINS.find((domain) => this.#find(domain, id) !== undefined)
  }

  /**
   * Puts what came of a change into its answer, so that a repeat is told the same. Where the file cannot be written now, the
   * first answer stays. Not for answers with secrets.
   */
  async amend<T>(domain: Domain, answer: Answer<unknown>, data: T): Promise<Answer<T>> {
    const kept = { answer: JSON.stringify(data) }
    const amended = (tx: Tx) => tx.update('Change', { id: answer.change.id }, kept)
    try {
      if (!answer.repeated) await changeIn(this.#options.files, domain, amended)
    } catch (error) {
      if (!(error instanceof UnavailableError)) throw error
    }
    return { ...answer, data }
  }

  /** Whether a change that was begun has all its effects. Throws NotFoundError for one that nobody began within 24 hours. */
  look(id: string): {
    readonly kept: Kept
    readonly waiting: readonly { type: string; target: string; dead: boolean }[]
  } {
    const kept = DOMAINS.map((domain) => this.#find(domain, id)).find((found) => found !== undefined)
    if (!kept) throw new NotFoundError('No change with this id began within 24 hours')
    const waiting = this.#options.courier.waiting(id)
    return { kept, waiting: waiting.map(({ type, target, deadAt }) => ({ type, target, dead: deadAt !== null })) }
  }

  async #first<D extends Domain, P, T>(domain: D, id: string, asked: Asked, steps: Steps<D, P, T>): Promise<Answer<T>> {
    const posted: Waiting[] = []
    const result = await this.#keepingRefusals(domain, id, asked, () => this.#write(domain, id, asked, steps, posted))
    if ('requestHash' in result) return await this.#repeat(domain, result, asked)
    this.#options.reached(`${asked.route}:committed`)
    const settled = await this.#settle(id, posted)
    if ('refusal' in result) throw result.refusal
    // A refusal in another file changed the answer in this one.
    if (posted.length > 0) throwRefusal(this.#find(domain, id))
    const { status = 200, data } = result
    return { status: settled ? status : 202, data, change: { id, settled }, repeated: false }
  }

  /** What another process kept for the same key in the meantime comes back instead. */
  async #write<D extends Domain, P, T>(
    domain: D,
    id: string,
    asked: Asked,
    { prepare, write }: Steps<D, P, T>,
    posted: Waiting[],
  ): Promise<Result<T> | Kept> {
    const prepared = (await prepare?.()) as P
    return await changeIn(this.#options.files, domain, (tx) => {
      const existing = this.#takePlace(tx, id)
      if (existing) return existing
      posted.length = 0
      const result = write(tx as unknown as Tx<D>, this.#beginning(tx, id, posted), prepared)
      if ('data' in result) this.#keep(tx, id, asked, result.status ?? 200, JSON.stringify(result.data))
      else if (isRefusal(result.refusal)) this.#keepRefusal(tx, id, asked, result.refusal)
      return result
    })
  }

  /** Where another process answered the same request in the meantime, its answer holds. */
  async #keepingRefusals<T>(domain: Domain, id: string, asked: Asked, work: () => Promise<T>): Promise<T | Kept> {
    try {
      return await work()
    } catch (error) {
      if (asked.key !== undefined && error instanceof GoggaError && isRefusal(error)) {
        const existing = await changeIn(this.#options.files, domain, (tx) => {
          const found = this.#takePlace(tx, id)
          if (!found) this.#keepRefusal(tx, id, asked, error)
          return found
        })
        if (existing) return existing
      }
      throw error
    }
  }

  /** The answer that is there; where it is older than it is kept, it goes. */
  #takePlace(tx: Tx, id: string): Kept | undefined {
    const existing = tx.find('Change', { id })
    if (existing && this.#isKept(existing)) return existing
    if (existing) tx.remove('Change', { id })
    return undefined
  }

  async #repeat<T>(domain: Domain, kept: Kept, asked: Asked): Promise<Answer<T>> {
    if (kept.requestHash !== requestHashOf(asked, this.#options.hashKey)) throw new ReusedKeyError()
    throwRefusal(kept)
    const settled = await this.#settle(kept.id, this.#options.courier.waiting(kept.id))
    throwRefusal(this.#find(domain, kept.id))
    const data = JSON.parse(openAnswer(kept.answer, asked)) as T
    return { status: settled ? kept.status : 202, data, change: { id: kept.id, settled }, repeated: true }
  }

  #beginning(tx: Tx, changeId: string, posted: Waiting[]): Begin {
    const { sources } = this.#options
    return {
      ...sources,
      changeId,
      post: (message) => {
        const id = post(tx, message, changeId, sources.now())
        posted.push({ origin: tx.domain, id, subjectId: message.subjectId })
      },
    }
  }

  #keep(tx: Tx, id: string, asked: Asked, status: number, answer: string): void {
    const { sources } = this.#options
    tx.insert('Change', {
      id,
      route: asked.route,
      requestHash: requestHashOf(asked, this.#options.hashKey),
      keyId: asked.keyId ?? null,
      subjectId: asked.subjectId ?? null,
      status,
      answer: asked.secret ? sealAnswer(answer, asked, sources.randomBytes) : answer,
      createdAt: sources.now(),
    })
  }

  #keepRefusal(tx: Tx, id: string, asked: Asked, refusal: GoggaError): void {
    this.#keep(tx, id, { ...asked, secret: false }, refusal.status, refusalText(refusal))
  }

  #find(domain: Domain, id: string): Kept | undefined {
    const found = rowsIn(this.#options.files, domain).find('Change', { id })
    return found && this.#isKept(found) ? found : undefined
  }

  #isKept({ createdAt }: Kept): boolean {
    return createdAt.getTime() > this.#options.sources.now().getTime() - KEPT_MS
  }

  /** Delivers, for at most two seconds. */
  async #settle(changeId: string, waiting: readonly Waiting[]): Promise<boolean> {
    if (waiting.length === 0) return true
    const { courier, settleMs = SETTLE_MS } = this.#options
    const chains = new Map(waiting.map((message) => [`${message.origin} ${message.subjectId ?? message.id}`, message]))
    const delivered = [...chains.values()].map((message) => courier.deliver(message.origin, message))
    await within(settleMs, Promise.all(delivered))
    return this.#isSettled(changeId)
  }

  /** The change is on disk: where a file cannot even be read, its part is still to come. */
  #isSettled(changeId: string): boolean {
    try {
      return this.#options.courier.waiting(changeId).length === 0
    } catch {
      return false
    }
  }
}

const isRefusal = ({ status }: GoggaError): boolean => status === 404 || status === 409

const stillRunning = () =>
  new ConflictError('A request with this Idempotency-Key is being answered', {
    retryAfter: 1,
    hint: 'Repeat it after the time in Retry-After to get its answer.',
  })

async function within(milliseconds: number, work: Promise<unknown>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, milliseconds)
  try {
    await Promise.race([work, promise])
  } finally {
    clearTimeout(timer)
  }
}
