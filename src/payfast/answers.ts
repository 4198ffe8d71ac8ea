// What PayFast's answers say, as far as they say it clearly.
import { z } from 'zod'
import { parseCsv } from './csv.ts'

export type ChargeAnswer =
  | { readonly outcome: 'paid'; readonly paymentId: string }
  | { readonly outcome: 'refused'; readonly reason: string }
  | { readonly outcome: 'unknown'; readonly reason: string }

interface Answered {
  readonly status: number
  readonly text: string
}

/** The envelope of every answer; PayFast gives booleans and numbers as text now and then. */
const Envelope = z.object({
  code: z.coerce.number(),
  data: z.object({ response: z.unknown(), message: z.unknown(), pf_payment_id: z.unknown() }).partial(),
})
const ERROR_CODE = /^\d{1,4}$/
/** Integration mistakes come with the same status as declined cards. */
const OUR_FAULT = /signature|version|required variables/i

/**
 * Paid: success with a payment id. Refused: the word false in place of the charge, or with 400 the number of an error.
 * The rest says nothing of the card: our request was off (401, 404, a list of complaints), or PayFast was (429, 5xx).
 */
export function readChargeAnswer({ status, text }: Answered): ChargeAnswer {
  const fault = faultOf(status)
  if (fault) return unknown(fault)
  const parsed = Envelope.safeParse(parseJson(text))
  if (!parsed.success) return unknown('unreadable')
  const { code, data } = parsed.data
  const innerFault = faultOf(code)
  if (innerFault) return unknown(innerFault)
  const [response, message, paymentId] = [data.response, data.message, data.pf_payment_id].map(word)
  const isSuccess = status === 200 && code === 200
  if (isSuccess && response === 'true') return paymentId ? { outcome: 'paid', paymentId } : unknown('no-payment-id')
  if (response === undefined || OUR_FAULT.test(message ?? '')) return unknown('invalid')
  const isNo = response === 'false' || (!isSuccess && ERROR_CODE.test(response))
  return isNo ? { outcome: 'refused', reason: reasonOf(response, message) } : unknown('unreadable')
}

/** A word for the statuses that do not speak of the card; undefined for 200 and 400. */
function faultOf(status: number): string | undefined {
  if (status === 200 || status === 400) return undefined
  if (status >= 500) return 'server'
  const words: Record<number, string> = {
    401: 'unauthorized',
    403: 'unauthorized',
    404: 'not-found',
    429: 'rate-limit',
  }
  return words[status] ?? `status-${status}`
}

/** The bank's code at the end of the message (`… (51)`), else PayFast's number, else a word; never the message's text. */
function reasonOf(response: string, message: string | undefined): string {
  const [, bank] = /\((\w{1,4})\)\s*$/.exec(message ?? '') ?? []
  if (bank) return `bank-${bank}`
  return ERROR_CODE.test(response) ? `payfast-${response}` : 'declined'
}

function word(value: unknown): string | undefined {
  return ['string', 'number', 'boolean'].includes(typeof value) ? String(value) : undefined
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

export type HistoryAnswer = { readonly rows: number } & (
  | Exclude<ChargeAnswer, { outcome: 'refused' }>
  | { readonly outcome: 'absent' }
)

/** Looks for an attempt in one page of the history. Only rows of money received count: a refund bears the same id. */
export function readHistory({ status, text }: Answered, attemptId: string): HistoryAnswer {
  if (status !== 200) return { rows: 0, ...unknown(faultOf(status) ?? 'invalid') }
  const rows = parseCsv(text)
  if (!rows || !hasColumns(text)) return { rows: 0, ...unknown('unreadable') }
  const own = rows.filter((row) => row['M Payment ID'] === attemptId)
  const paymentId = own.find((row) => row.Sign === 'CREDIT')?.['PF Payment ID']
  if (paymentId) return { rows: rows.length, outcome: 'paid', paymentId }
  return { rows: rows.length, ...(own.length > 0 ? unknown('unreadable') : ({ outcome: 'absent' } as const)) }
}

/** A page without rows has the names alone. */
function hasColumns(text: string): boolean {
  const [head = ''] = text.split(/\r?\n/, 1)
  return ['Sign', 'M Payment ID', 'PF Payment ID'].every((name) => head.includes(name))
}

const unknown = (reason: string) => ({ outcome: 'unknown', reason }) as const
