// A PayFast of our own on 127.0.0.1: charges by token, the transaction history and signed notifications, spoken as
// https://developers.payfast.co.za/api and /docs say. It shares no code with src/payfast, so that a mistake there shows.
// In a test: `await using payfast = await startPayfast({ merchant })`. As a process of its own:
//   node tests/helpers/payfast-server.ts --port 8801 --merchant-id 10000100 --merchant-key KEY --passphrase WORDS
//   curl 127.0.0.1:8801/control/ledger                                        the charges made
//   curl 127.0.0.1:8801/control/next -d '["pay-then-hang"]'                   what the next charges do
//   curl 127.0.0.1:8801/control/itn -d '{"pf_payment_id":"1","m_payment_id":"…"}'   the signed body of a notification
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { parseArgs } from 'node:util'

/** Hanging answers never come; `pay-then-…` makes the charge first, `server-error` and `hang` make none. */
export type Behaviour = 'pay' | 'refuse' | 'pay-then-hang' | 'pay-then-reset' | 'server-error' | 'pay-then-500' | 'hang'
export type HistoryBehaviour = 'answer' | 'server-error' | 'hang' | 'reset' | 'garbage'

export interface Charge {
  paymentId: string
  token: string
  /** The m_payment_id; PayFast takes the same one twice and charges twice. */
  attemptId: string
  amountCents: number
  itemName: string
  /** The request's own timestamp. */
  at: string
}

export interface PayfastServer extends AsyncDisposable {
  readonly url: string
  readonly port: number
  /** The charges made, in order. More may be pushed, to make a long history. */
  readonly ledger: Charge[]
  /** Every request that came, those with a wrong signature too. */
  readonly requests: { method: string; path: string; status?: number }[]
  /** What the next charges do, one each; then pay again. */
  next(...behaviours: Behaviour[]): void
  /** What the next looks into the history do, one each; then answer again. */
  nextHistory(...behaviours: HistoryBehaviour[]): void
  /** What charges do when `next` has run out. */
  otherwise(behaviour: Behaviour): void
  /** The signed body of a notification: these fields over plain ones, in PayFast's order; `undefined` leaves one out. */
  itn(fields?: Readonly<Record<string, string | undefined>>): string
  /** Signs and posts it as PayFast does. */
  postItn(url: string, fields?: Readonly<Record<string, string | undefined>>): Promise<Response>
}

interface Account {
  readonly id: string
  readonly key: string
  readonly passphrase?: string
}

interface State {
  readonly merchant: Account
  readonly ledger: Charge[]
  readonly behaviours: Behaviour[]
  readonly histories: HistoryBehaviour[]
  otherwise: Behaviour
}

type Reply = { status: number; body: unknown } | 'hang' | 'reset'

export async function startPayfast(options: { merchant: Account; port?: number }): Promise<PayfastServer> {
  const state: State = { merchant: options.merchant, ledger: [], behaviours: [], histories: [], otherwise: 'pay' }
  const requests: PayfastServer['requests'] = []
  const server = createServer((request, response) => {
    const seen: PayfastServer['requests'][number] = { method: request.method ?? '', path: request.url ?? '' }
    requests.push(seen)
    answer(state, request, response, seen).catch(() => response.destroy())
  })
  server.listen(options.port ?? 0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const itn = (fields?: Readonly<Record<string, string | undefined>>) => signItn(options.merchant, fields)
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    ledger: state.ledger,
    requests,
    next: (...behaviours) => void state.behaviours.push(...behaviours),
    nextHistory: (...behaviours) => void state.histories.push(...behaviours),
    otherwise: (behaviour) => {
      state.otherwise = behaviour
    },
    itn,
    postItn: (url, fields) =>
      fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: itn(fields),
      }),
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

async function answer(
  state: State,
  request: IncomingMessage,
  response: ServerResponse,
  seen: PayfastServer['requests'][number],
): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://payfast')
  const reply = replyTo(state, request, url, await text(request))
  if (reply === 'hang') return
  if (reply === 'reset') return void request.socket.resetAndDestroy()
  seen.status = reply.status
  const body = typeof reply.body === 'string' ? reply.body : JSON.stringify(reply.body)
  response.writeHead(reply.status, { 'content-type': typeof reply.body === 'string' ? 'text/csv' : 'application/json' })
  response.end(body)
}

function replyTo(state: State, request: IncomingMessage, url: URL, body: string): Reply {
  const route = `${request.method} ${url.pathname}`
  if (url.pathname.startsWith('/control/')) return control(state, route, body)
  const values = body === '' ? {} : (JSON.parse(body) as Record<string, string | number>)
  const problem = problemOf(state.merchant, request, { ...Object.fromEntries(url.searchParams), ...values })
  if (problem) return problem
  const [, token] = /^POST \/subscriptions\/([^/]+)\/adhoc$/.exec(route) ?? []
  if (token !== undefined) return charge(state, token, String(request.headers.timestamp), values)
  if (route === 'GET /transactions/history') return history(state, url.searchParams)
  return failure(404, 'Service / endpoint not found')
}

const failure = (status: number, message: string, response: unknown = false): Reply => ({
  status,
  body: { code: status, status: 'failed', data: { response, message } },
})

/** The checks that stand before every call, with the errors that PayFast documents. */
function problemOf(merchant: Account, request: IncomingMessage, values: Record<string, unknown>): Reply | undefined {
  const { 'merchant-id': id, version, timestamp, signature } = request.headers
  if (!id || !version || !timestamp) return failure(400, 'Required variables not present in request')
  if (!signature) return failure(400, 'Signature not present in headers')
  if (version !== 'v1') return failure(400, 'API version is not valid')
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d([+-]\d\d:?\d\d)?$/.test(String(timestamp))) return failure(400, 'Timestamp')
  if (id !== merchant.id) return failure(401, 'Merchant not found')
  const signed: Record<string, unknown> = { ...values, 'merchant-id': id, version, timestamp }
  delete signed.testing
  if (merchant.passphrase) signed.passphrase = merchant.passphrase
  const query = Object.keys(signed)
    .sort()
    .map((name) => `${name}=${phpUrlencode(String(signed[name]))}`)
  return md5(query.join('&')) === signature ? undefined : failure(401, 'Merchant authorisation failed')
}

function charge(state: State, token: string, at: string, values: Record<string, string | number>): Reply {
  const { amount, item_name: itemName, m_payment_id: attemptId = '' } = values
  if (!Number.isInteger(Number(amount)) || Number(amount) <= 0) {
    return failure(400, 'Failure', { amount: ['Integer Expected'] })
  }
  if (!itemName) return failure(400, 'Failure', { item_name: ['Required'] })
  const behaviour = state.behaviours.shift() ?? state.otherwise
  if (behaviour === 'hang') return 'hang'
  if (behaviour === 'server-error') return failure(500, 'Application Error')
  if (behaviour === 'refuse') return failure(400, 'Transaction was declined (51)')
  const paymentId = String(3_136_000 + state.ledger.length + 1)
  state.ledger.push({
    paymentId,
    token,
    attemptId: String(attemptId),
    amountCents: Number(amount),
    itemName: String(itemName),
    at,
  })
  if (behaviour === 'pay-then-hang') return 'hang'
  if (behaviour === 'pay-then-reset') return 'reset'
  if (behaviour === 'pay-then-500') return failure(500, 'Communication Failure')
  const data = { response: 'true', message: 'Transaction was successful (00)', pf_payment_id: Number(paymentId) }
  return { status: 200, body: { code: 200, status: 'success', data } }
}

const COLUMNS = [
  ...[
    'Date',
    'Type',
    'Sign',
    'Party',
    'Name',
    'Description',
    'Currency',
    'Funding Type',
    'Gross',
    'Fee',
    'Net',
    'Balance',
  ],
  ...['M Payment ID', 'PF Payment ID', 'custom str1', 'custom int1', 'custom str2', 'custom int2', 'custom str3'],
  ...['custom str4', 'custom str5', 'custom int3', 'custom int4', 'custom int5'],
]

/** The days from and to are taken in; `to` ends with its midnight, as the stricter reading of the documentation has it. */
function history(state: State, query: URLSearchParams): Reply {
  const behaviour = state.histories.shift() ?? 'answer'
  if (behaviour === 'hang' || behaviour === 'reset') return behaviour
  if (behaviour === 'server-error') return failure(500, 'Application Error')
  if (behaviour === 'garbage') return { status: 200, body: '<html><body>"We will be back soon</body></html>' }
  const [from, to] = [query.get('from') ?? '', query.get('to') ?? '9999']
  const [offset, limit] = [Number(query.get('offset') ?? 0), Math.min(Number(query.get('limit') ?? 1_000), 1_000)]
  const within = state.ledger.filter(({ at }) => at.slice(0, 10) >= from && at.slice(0, 10) < to)
  const lines = within.slice(offset, offset + limit).map(historyLine)
  return { status: 200, body: [COLUMNS.map((name) => `"${name}"`).join(','), ...lines, ''].join('\n') }
}

function historyLine({ at, itemName, amountCents, attemptId, paymentId }: Charge): string {
  const rand = (amountCents / 100).toFixed(2)
  const quoted = `"${itemName.replaceAll('"', '""')}"`
  const start = [`"${at.slice(0, 19).replace('T', ' ')}"`, 'FUNDS_RECEIVED', 'CREDIT', '"Test ""Buyer"", 01"', quoted]
  return [...start, '', 'ZAR', 'CC', rand, '0.00', rand, '"22,574.02"', attemptId, paymentId, ',,,,,,,,, '].join(',')
}

function control(state: State, route: string, body: string): Reply {
  if (route === 'GET /control/ledger') return { status: 200, body: state.ledger }
  const given = JSON.parse(body || 'null')
  if (route === 'POST /control/itn') return { status: 200, body: signItn(state.merchant, given ?? {}) }
  if (route !== 'POST /control/next') return failure(404, 'Service / endpoint not found')
  state.behaviours.push(...(given as Behaviour[]))
  return { status: 200, body: state.behaviours }
}

/** In the order in which PayFast sends them; it signs the empty ones too. */
function signItn(merchant: Account, fields: Readonly<Record<string, string | undefined>> = {}): string {
  const plain: Record<string, string | undefined> = {
    m_payment_id: 'checkout-1',
    pf_payment_id: '1089250',
    payment_status: 'COMPLETE',
    item_name: 'GOGGA JIGGA',
    item_description: '',
    amount_gross: '299.00',
    amount_fee: '-6.88',
    amount_net: '292.12',
    custom_str1: 'subscription',
    custom_str2: 'JIGGA',
    custom_str3: 'user-1',
    custom_str4: '',
    custom_str5: '',
    custom_int1: '',
    custom_int2: '',
    custom_int3: '',
    custom_int4: '',
    custom_int5: '',
    name_first: 'Test',
    name_last: 'Buyer',
    email_address: 'buyer@mail.example',
    merchant_id: merchant.id,
  }
  const all = Object.entries({ ...plain, ...fields }).filter(([, value]) => value !== undefined)
  const body = all.map(([name, value]) => `${name}=${phpUrlencode(value ?? '')}`).join('&')
  const salt = merchant.passphrase ? `&passphrase=${phpUrlencode(merchant.passphrase)}` : ''
  return `${body}&signature=${md5(body + salt)}`
}

/** PHP's urlencode, byte by byte. */
function phpUrlencode(value: string): string {
  let out = ''
  for (const byte of Buffer.from(value, 'utf8')) {
    const char = String.fromCharCode(byte)
    if (char === ' ') out += '+'
    else out += /[A-Za-z0-9\-_.]/.test(char) ? char : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
  }
  return out
}

const md5 = (value: string): string => createHash('md5').update(value, 'utf8').digest('hex')

async function runAsProcess(): Promise<void> {
  const string = { type: 'string' } as const
  const { values } = parseArgs({
    options: { port: string, 'merchant-id': string, 'merchant-key': string, passphrase: string },
  })
  const { port = '0', 'merchant-id': id = '10000100', 'merchant-key': key = '46f0cd694581a', passphrase } = values
  const merchant = { id, key, ...(passphrase ? { passphrase } : {}) }
  const { url } = await startPayfast({ merchant, port: Number(port) })
  process.stdout.write(`${url}\n`)
}

if (import.meta.main) await runAsProcess()
