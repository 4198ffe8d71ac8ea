// A request of a client that does not give up: whatever breaks in between, the same request goes out again with the same
// key until there is an answer that says what became of it.
import { setTimeout as pause } from 'node:timers/promises'
import type { Lives } from './lives.ts'
import type { Random } from './random.ts'

export interface Asked {
  readonly method?: 'GET' | 'POST' | 'DELETE'
  readonly path: string
  readonly body?: unknown
  /** In place of a body: a form as PayFast posts it. */
  readonly form?: string
  /** A key or a session. */
  readonly by?: string | undefined
  readonly actor?: string
  readonly key?: string
}

export interface Reply {
  readonly status: number
  /** `data` of an answer; the whole problem document of a refusal. */
  readonly data: Record<string, unknown>
  readonly replayed: boolean
  /** How often it was sent; more than once, and an earlier try may have had its effect. */
  readonly tries: number
}

export interface Counts {
  requests: number
  /** Requests that were sent again, for whatever reason. */
  repeats: number
  /** Connections that broke. */
  broken: number
  unavailable: number
  running: number
  /** Answers that were asked for again later, and had to be the same. */
  echoes: number
  /** Sent by two at the same time, with one key. */
  twins: number
  unsettled: number
}

export const newCounts = (): Counts => ({
  requests: 0,
  repeats: 0,
  broken: 0,
  unavailable: 0,
  running: 0,
  echoes: 0,
  twins: 0,
  unsettled: 0,
})

export interface Asking {
  readonly lives: Lives
  readonly counts: Counts
  /** What must not happen; the run has failed when one is in it. */
  readonly problems: string[]
  /** Texts of 503 answers. */
  readonly reasons: Set<string>
}

const TIMEOUT_MS = 20_000
const MAX_TRIES = 600

/** Throws where there is no definite answer after so many tries, or one that must not be. */
export async function ask(asking: Asking, asked: Asked): Promise<Reply> {
  const { counts } = asking
  for (let tries = 1; tries <= MAX_TRIES; tries++) {
    if (tries > 1) counts.repeats += 1
    const answer = await send(asking, asked)
    if (answer === undefined) continue
    if (isDefinite(asking, asked, answer)) return { ...answer, tries }
    await pause(answer.status === 202 ? 50 : 20)
  }
  throw new Error(`${asked.method ?? 'POST'} ${asked.path} had no definite answer in ${MAX_TRIES} tries`)
}

/** `ask`, now and then by two at once, and again afterwards: the answer must be the same, and a key is for one body. */
export async function askTwice(asking: Asking, random: Random, asked: Asked): Promise<Reply> {
  const { counts } = asking
  if (random.chance(0.06)) {
    counts.twins += 1
    const [one, other] = await Promise.all([ask(asking, asked), ask(asking, asked)])
    compare(asking, asked, one, other)
    return one
  }
  const reply = await ask(asking, asked)
  if (random.chance(0.08)) {
    counts.echoes += 1
    const echo = await ask(asking, asked)
    compare(asking, asked, reply, echo)
    if (reply.status < 300 && !echo.replayed) asking.problems.push(`${asked.path}: a repeat is not marked as one`)
  }
  const body = otherBody(asked.body)
  if (random.chance(0.03) && body !== undefined) {
    const other = await ask(asking, { ...asked, body })
    // Nobody is known yet at sign-in: there a key belongs to the email or token, and another one is another request.
    if (other.status !== 422 && !asked.path.startsWith('/v1/auth/'))
      asking.problems.push(`${asked.path}: another body with the same key got ${other.status}`)
  }
  return reply
}

/** Fits the route's schema, and is another request; undefined where there is nothing to change. */
function otherBody(body: unknown): unknown {
  const entries = Object.entries(body ?? {})
  if (entries.length === 0) return undefined
  return Object.fromEntries(entries.map(([name, value]) => [name, otherValue(name, value)]))
}

function otherValue(name: string, value: unknown): unknown {
  if (typeof value === 'number') return value + 1
  if (typeof value === 'boolean') return !value
  if (name === 'reason' || name === 'code' || name === 'token') return `${value}x`
  if (name === 'tier') return value === 'JIVE' ? 'JIGGA' : 'JIVE'
  if (name === 'type') return value === 'R200' ? 'R500' : 'R200'
  if (name === 'pack') return value === '200' ? '500' : '200'
  return name === 'email' ? `x${value}` : value
}

/** What a change of tier answers is the state of the moment. */
const isOfTheMoment = ({ path }: Asked): boolean => path === '/v1/me/subscription/tier'

function compare(asking: Asking, asked: Asked, one: Reply, other: Reply): void {
  const text = ({ data }: Reply) => JSON.stringify({ ...data, requestId: undefined })
  if (one.status === other.status && (isOfTheMoment(asked) || text(one) === text(other))) return
  asking.problems.push(
    `${asked.path}: one key had two answers: ${one.status} ${text(one)} and ${other.status} ${text(other)}`,
  )
}

type Answer = Omit<Reply, 'tries'> & { readonly location: string | null; readonly retryAfter: string | null }

/** Undefined where the connection broke, which only a kill may do. */
async function send({ lives, counts, problems }: Asking, asked: Asked): Promise<Answer | undefined> {
  const address = await lives.up()
  const deaths = lives.deaths
  counts.requests += 1
  try {
    const response = await fetch(address + asked.path, {
      method: asked.method ?? 'POST',
      headers: headersOf(asked),
      signal: AbortSignal.timeout(TIMEOUT_MS),
      ...bodyOf(asked),
    })
    const text = await response.text()
    const { headers, status } = response
    const parsed = isJson(headers) ? (JSON.parse(text) as Record<string, unknown>) : {}
    const data = (status < 300 ? (parsed.data ?? {}) : parsed) as Record<string, unknown>
    const replayed = headers.get('idempotent-replayed') === 'true'
    return { status, data, replayed, location: headers.get('location'), retryAfter: headers.get('retry-after') }
  } catch (error) {
    counts.broken += 1
    // The news of the death may come after that of the connection.
    await pause(5)
    for (let wait = 0; wait < 100 && lives.deaths === deaths; wait++) await pause(10)
    if (lives.deaths === deaths)
      problems.push(`${asked.path}: the connection broke, and nobody was killed: ${String(error)}`)
    return undefined
  }
}

const isJson = (headers: Headers): boolean => /json/.test(headers.get('content-type') ?? '')

function headersOf({ body, form, by, actor, key }: Asked): Record<string, string> {
  return {
    ...(body !== undefined && { 'content-type': 'application/json' }),
    ...(form !== undefined && { 'content-type': 'application/x-www-form-urlencoded' }),
    ...(by !== undefined && { authorization: `Bearer ${by}` }),
    ...(actor !== undefined && { 'x-gogga-actor': actor }),
    ...(key !== undefined && { 'idempotency-key': key }),
  }
}

function bodyOf({ body, form }: Asked): { body?: string } {
  if (form !== undefined) return { body: form }
  return body === undefined ? {} : { body: JSON.stringify(body) }
}

function isDefinite({ counts, problems, reasons }: Asking, { path }: Asked, answer: Answer): boolean {
  const { status, data, retryAfter, location } = answer
  if (status === 503) {
    counts.unavailable += 1
    reasons.add(reasonOf(data))
    if (retryAfter === null || typeof data.detail !== 'string')
      problems.push(`${path}: a 503 that is not clear: ${JSON.stringify(data)}`)
    return false
  }
  if (status === 202) {
    counts.unsettled += 1
    if (location === null) problems.push(`${path}: 202 without a Location`)
    return false
  }
  if (status === 409 && retryAfter !== null) {
    counts.running += 1
    return false
  }
  if (status >= 500) throw new Error(`${path}: ${status} ${JSON.stringify(data)}`)
  return true
}

/** Without the path of the file. */
const reasonOf = ({ detail, code }: Record<string, unknown>): string =>
  String(detail ?? code)
    .replace(/ at \S+/g, '')
    .replace(/\d+ (ms|of)/g, 'n $1')
