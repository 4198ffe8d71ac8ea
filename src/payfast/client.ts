// PayFast's API, the two calls we make: charge a token, and look into the transaction history whether a charge was made.
// PayFast does not recognise a repeated m_payment_id: a second charge is a second payment. So what is not clearly a yes or
// a no is `unknown`, and the history has to answer before the charge is tried again.
// Source: https://developers.payfast.co.za/api (authentication, errors, recurring billing, transaction history)
import { UsageError } from '../errors.ts'
import { type ChargeAnswer, readChargeAnswer, readHistory } from './answers.ts'
import { checkAmount, checkText } from './checkout.ts'
import { apiSignature, type Merchant } from './signature.ts'

export interface PayfastOptions {
  /** https://api.payfast.co.za, without what follows. */
  readonly baseUrl: string
  readonly merchant: Merchant
  /** For a whole call, its answer included. */
  readonly timeoutMs: number
  readonly now: () => Date
  /** Sends the calls to PayFast's sandbox. */
  readonly testing?: boolean
}

/** `unknown`: it may have been made or not; ask findCharge. Reasons are words or codes, never text from outside. */
export type ChargeResult = ChargeAnswer

/** `absent`: the history was read to its end and has no such charge. */
export type FoundCharge = Exclude<ChargeResult, { outcome: 'refused' }> | { readonly outcome: 'absent' }

export interface PayfastClient {
  /** Charges the card behind the token. Throws a UsageError for an argument that cannot be sent, before sending. */
  charge(input: {
    readonly token: string
    readonly amountCents: number
    readonly itemName: string
    readonly attemptId: string
  }): Promise<ChargeResult>
  /**
   * Looks for a charge made between two moments. A charge that timed out may still be on its way: ask some minutes later.
   * The days around the two moments are searched too, since PayFast's clock is not ours.
   */
  findCharge(input: { readonly attemptId: string; readonly from: Date; readonly to: Date }): Promise<FoundCharge>
}

interface Call {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly query?: Readonly<Record<string, string>>
  readonly body?: Readonly<Record<string, string | number>>
}

type Answer = { readonly status: number; readonly text: string } | { readonly failure: 'timeout' | 'network' }

const TOKEN = /^[A-Za-z0-9_-]{1,100}$/
/** The most rows that PayFast gives at once. */
const PAGE = 1_000
const MAX_PAGES = 100
const DAY_MS = 86_400_000

export function payfastClient(options: PayfastOptions): PayfastClient {
  return {
    async charge({ token, amountCents, itemName, attemptId }) {
      if (!TOKEN.test(token)) throw new UsageError('The token is none of PayFast: expected letters, digits, - and _')
      checkAmount(amountCents)
      checkText('itemName', itemName)
      checkText('attemptId', attemptId)
      const body = { amount: amountCents, item_name: itemName.trim(), m_payment_id: attemptId }
      const answer = await send(options, { method: 'POST', path: `/subscriptions/${token}/adhoc`, body })
      return 'failure' in answer ? { outcome: 'unknown', reason: answer.failure } : readChargeAnswer(answer)
    },
    findCharge: ({ attemptId, from, to }) => findCharge(options, attemptId, from, to),
  }
}

async function findCharge(options: PayfastOptions, attemptId: string, from: Date, to: Date): Promise<FoundCharge> {
  const days = {
    from: formatTime(from.getTime() - DAY_MS).slice(0, 10),
    to: formatTime(to.getTime() + DAY_MS).slice(0, 10),
  }
  for (let page = 0; page < MAX_PAGES; page++) {
    const query = { ...days, limit: String(PAGE), offset: String(page * PAGE) }
    const answer = await send(options, { method: 'GET', path: '/transactions/history', query })
    if ('failure' in answer) return { outcome: 'unknown', reason: answer.failure }
    const { rows, ...found } = readHistory(answer, attemptId)
    if (found.outcome !== 'absent') return found
    if (rows < PAGE) return found
  }
  return { outcome: 'unknown', reason: 'history-too-long' }
}

/** Never throws: what went wrong on the way is a word, since the errors of fetch carry the address and so the token. */
async function send(options: PayfastOptions, { method, path, query, body }: Call): Promise<Answer> {
  const url = new URL(options.baseUrl.replace(/\/+$/, '') + path)
  url.search = new URLSearchParams({ ...query, ...(options.testing ? { testing: 'true' } : {}) }).toString()
  const headers = signedHeaders(options, { ...query, ...body })
  try {
    const response = await fetch(url, {
      method,
      headers: body ? { ...headers, 'content-type': 'application/json' } : headers,
      ...(body ? { body: JSON.stringify(body) } : {}),
      // A charge that is redirected would be sent twice.
      redirect: 'manual',
      signal: AbortSignal.timeout(options.timeoutMs),
    })
    return { status: response.status, text: await response.text() }
  } catch (error) {
    return { failure: error instanceof Error && error.name === 'TimeoutError' ? 'timeout' : 'network' }
  }
}

function signedHeaders({ merchant, now }: PayfastOptions, values: Readonly<Record<string, string | number>>) {
  const headers = { 'merchant-id': merchant.id, version: 'v1', timestamp: formatTime(now().getTime()) }
  const texts = Object.entries(values).map(([name, value]) => [name, String(value)])
  const signature = apiSignature({ ...headers, ...Object.fromEntries(texts) }, merchant.passphrase)
  return { ...headers, signature }
}

/** South African time, which has no summer time, in PayFast's form: 2026-02-01T12:00:01+02:00. */
function formatTime(milliseconds: number): string {
  return `${new Date(milliseconds + 2 * 3_600_000).toISOString().slice(0, 19)}+02:00`
}
