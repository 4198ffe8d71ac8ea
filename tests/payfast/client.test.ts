import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readChargeAnswer, readHistory } from '../../src/payfast/answers.ts'
import { payfastClient } from '../../src/payfast/client.ts'
import { parseCsv } from '../../src/payfast/csv.ts'
import { type Behaviour, type HistoryBehaviour, type PayfastServer, startPayfast } from '../helpers/payfast-server.ts'

const merchant = { id: '10000100', key: '46f0cd694581a', passphrase: 'two words ~' }
/** Shortly before midnight in South Africa, on the day before in UTC's eyes of the next. */
const now = () => new Date('2026-03-31T21:59:30.500Z')
const charge = { token: 'dc0521d3-55fe', amountCents: 29_900, itemName: 'JIGGA, "é" ~ a month', attemptId: 'attempt-1' }
const range = { attemptId: 'attempt-1', from: now(), to: now() }
/** Long enough for an answer of a local server; calls that hang wait for the short one. */
const patient = 20_000
const hasty = 150

let payfast: PayfastServer
beforeEach(async () => {
  payfast = await startPayfast({ merchant })
})
afterEach(() => payfast[Symbol.asyncDispose]())

const client = (
  timeoutMs = patient,
  change: { testing?: boolean; baseUrl?: string; merchant?: typeof merchant } = {},
) => payfastClient({ baseUrl: payfast.url, merchant, timeoutMs, now, ...change })

describe('charge', () => {
  test('charges once and tells the payment', async () => {
    expect(await client().charge(charge)).toEqual({ outcome: 'paid', paymentId: '3136001' })
    expect(payfast.ledger).toEqual([
      {
        paymentId: '3136001',
        token: 'dc0521d3-55fe',
        attemptId: 'attempt-1',
        amountCents: 29_900,
        itemName: 'JIGGA, "é" ~ a month',
        at: '2026-03-31T23:59:30+02:00',
      },
    ])
  })

  test.each<[Behaviour, number, object, number]>([
    ['refuse', patient, { outcome: 'refused', reason: 'bank-51' }, 0],
    ['pay-then-hang', hasty, { outcome: 'unknown', reason: 'timeout' }, 1],
    ['hang', hasty, { outcome: 'unknown', reason: 'timeout' }, 0],
    ['pay-then-reset', patient, { outcome: 'unknown', reason: 'network' }, 1],
    ['server-error', patient, { outcome: 'unknown', reason: 'server' }, 0],
    ['pay-then-500', patient, { outcome: 'unknown', reason: 'server' }, 1],
  ])('%s', async (behaviour, timeoutMs, expected, charges) => {
    payfast.next(behaviour)
    expect(await client(timeoutMs).charge(charge)).toEqual(expected)
    expect(payfast.requests).toHaveLength(1)
    expect(payfast.ledger).toHaveLength(charges)
    const found = await client().findCharge(range)
    expect(found).toEqual(charges ? { outcome: 'paid', paymentId: '3136001' } : { outcome: 'absent' })
  })

  test('charges as often as it is called: PayFast knows no repeats', async () => {
    await client().charge(charge)
    await client().charge(charge)
    expect(payfast.ledger.map(({ attemptId }) => attemptId)).toEqual(['attempt-1', 'attempt-1'])
  })

  test('is not believed with another passphrase', async () => {
    const stranger = client(patient, { merchant: { ...merchant, passphrase: 'x' } })
    expect(await stranger.charge(charge)).toEqual({ outcome: 'unknown', reason: 'unauthorized' })
    expect(await stranger.findCharge(range)).toEqual({ outcome: 'unknown', reason: 'unauthorized' })
    expect(payfast.ledger).toEqual([])
  })

  test('asks for the sandbox when testing', async () => {
    expect(await client(patient, { testing: true }).charge(charge)).toMatchObject({ outcome: 'paid' })
    expect(await client(patient, { testing: true, baseUrl: `${payfast.url}/` }).findCharge(range)).toMatchObject({
      outcome: 'paid',
    })
    expect(payfast.requests[0]?.path).toBe('/subscriptions/dc0521d3-55fe/adhoc?testing=true')
    expect(payfast.requests[1]?.path).toMatch(/^\/transactions\/history\?.*&testing=true$/)
  })

  test('says network where nobody listens', async () => {
    const { url } = payfast
    await payfast[Symbol.asyncDispose]()
    expect(await client(patient, { baseUrl: url }).charge(charge)).toEqual({ outcome: 'unknown', reason: 'network' })
    payfast = await startPayfast({ merchant })
  })

  test('does not follow a redirect', async () => {
    await using server = await redirecting(payfast.url)
    const result = await client(patient, { baseUrl: server.url }).charge(charge)
    expect(result).toEqual({ outcome: 'unknown', reason: 'status-307' })
    expect(payfast.requests).toEqual([])
  })

  test.each([
    ['a path for a token', { token: '../../x' }],
    ['no token', { token: '' }],
    ['no amount', { amountCents: 0 }],
    ['rand', { amountCents: 299.5 }],
    ['no name', { itemName: '' }],
    ['no attempt', { attemptId: '' }],
  ])('refuses %s before sending', async (_name, change) => {
    const error: Error = await client()
      .charge({ ...charge, ...change })
      .then(
        () => expect.fail('charged'),
        (error) => error,
      )
    expect(error).toMatchObject({ name: 'UsageError' })
    expect(error.message).not.toContain('../x')
    expect(payfast.requests).toEqual([])
  })
})

/** Answers every request with a redirect to another server. */
async function redirecting(target: string) {
  const server = createServer((request, response) => {
    response.writeHead(307, { location: target + (request.url ?? '') }).end()
  })
  await new Promise<void>((done) => void server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((done) => void server.close(done))
    },
  }
}

describe('findCharge', () => {
  test.each<[HistoryBehaviour, number, string]>([
    ['server-error', patient, 'server'],
    ['hang', hasty, 'timeout'],
    ['reset', patient, 'network'],
    ['garbage', patient, 'unreadable'],
  ])('does not know when the history says %s', async (behaviour, timeoutMs, reason) => {
    payfast.nextHistory(behaviour)
    expect(await client(timeoutMs).findCharge(range)).toEqual({ outcome: 'unknown', reason })
  })

  test('finds a charge on the last page', async () => {
    await client().charge(charge)
    const [found] = payfast.ledger
    if (!found) throw new Error('no charge')
    const others = Array.from({ length: 2_000 }, (_, nth) => ({ ...found, attemptId: `other-${nth}` }))
    payfast.ledger.unshift(...others)
    expect(await client().findCharge(range)).toEqual({ outcome: 'paid', paymentId: '3136001' })
    expect(payfast.requests).toHaveLength(1 + 3)
    payfast.ledger.pop()
    expect(await client().findCharge(range)).toEqual({ outcome: 'absent' })
  })

  test('does not know when a later page cannot be read', async () => {
    await client().charge(charge)
    const [found] = payfast.ledger
    if (!found) throw new Error('no charge')
    payfast.ledger.unshift(...Array.from({ length: 1_000 }, (_, nth) => ({ ...found, attemptId: `other-${nth}` })))
    payfast.nextHistory('answer', 'server-error')
    expect(await client().findCharge(range)).toEqual({ outcome: 'unknown', reason: 'server' })
  })

  test('searches the days around in South African time', async () => {
    await client().findCharge({ attemptId: 'a', from: new Date('2026-02-28T22:30:00Z'), to: now() })
    expect(payfast.requests[0]?.path).toContain('?from=2026-02-28&to=2026-04-01&')
  })
})

describe('readChargeAnswer', () => {
  const envelope = (code: number, data: object) => JSON.stringify({ code, status: 'x', data })
  const refused = (reason: string) => ({ outcome: 'refused', reason })
  const unknown = (reason: string) => ({ outcome: 'unknown', reason })
  test.each([
    [
      'the documented yes',
      200,
      envelope(200, { response: true, pf_payment_id: '1324567' }),
      { outcome: 'paid', paymentId: '1324567' },
    ],
    [
      'yes in the other types',
      200,
      '{"code":"200","data":{"response":"true","pf_payment_id":7}}',
      { outcome: 'paid', paymentId: '7' },
    ],
    ['yes without an id', 200, envelope(200, { response: true }), unknown('no-payment-id')],
    ['yes with a code of failure', 200, envelope(400, { response: true, pf_payment_id: '1' }), unknown('unreadable')],
    ['yes with a status of failure', 400, envelope(200, { response: true, pf_payment_id: '1' }), unknown('unreadable')],
    ['the documented no', 400, envelope(400, { response: false, message: 'Failure' }), refused('declined')],
    ['no inside a 200', 200, envelope(400, { response: false, message: 'Failure' }), refused('declined')],
    ['no with the bank’s code', 400, envelope(400, { response: false, message: 'Declined (51)' }), refused('bank-51')],
    [
      'the documented number',
      400,
      envelope(400, { response: 4, message: 'not in a valid state.' }),
      refused('payfast-4'),
    ],
    [
      'a name in the message',
      400,
      envelope(400, { response: false, message: 'Card of T. Nkosi' }),
      refused('declined'),
    ],
    ['a list of complaints', 400, envelope(400, { response: { amount: ['Integer Expected'] } }), unknown('invalid')],
    [
      'a missing header',
      400,
      envelope(400, { response: false, message: 'Signature not present in headers' }),
      unknown('invalid'),
    ],
    ['a number with 200', 200, envelope(200, { response: 4 }), unknown('unreadable')],
    ['an unknown token', 404, envelope(404, { response: false }), unknown('not-found')],
    ['a wrong signature', 401, envelope(401, { response: false }), unknown('unauthorized')],
    ['too many calls', 429, envelope(429, { response: false }), unknown('rate-limit')],
    ['a fault inside a 200', 200, envelope(500, { response: false }), unknown('server')],
    ['a page of a proxy', 200, '<html>', unknown('unreadable')],
    ['nothing', 200, '', unknown('unreadable')],
    ['no envelope', 200, 'true', unknown('unreadable')],
    ['no code', 200, '{"data":{"response":false}}', unknown('unreadable')],
    ['half an answer', 200, envelope(200, { response: true, pf_payment_id: '1' }).slice(0, -1), unknown('unreadable')],
    ['a gateway', 502, '<html>', unknown('server')],
    ['accepted', 202, envelope(200, { response: true, pf_payment_id: '1' }), unknown('status-202')],
  ])('%s', (_name, status, text, expected) => {
    expect(readChargeAnswer({ status, text })).toEqual(expected)
  })
})

describe('readHistory', () => {
  // The example of PayFast's documentation, shortened by one row.
  const example = `"Date","Type","Sign","Party","Name","Description","Currency","Funding Type","Gross","Fee","Net","Balance","M Payment ID","PF Payment ID","custom str1","custom int1","custom str2","custom int2","custom str3","custom str4","custom str5","custom int3","custom int4","custom int5"
"2020-02-27 13:29:55",FUNDS_RECEIVED,CREDIT,"Test User 01",test,,ZAR,CC,500.00,-24.73,475.27,"22,574.02",,994209,,,,,,,,,,${' '}
"2020-03-02 14:31:30",FUNDS_RECEIVED,CREDIT,"Test User 01","item name",,ZAR,CC,121.00,-7.73,113.27,"22,780.50",pay_now_11611660,995893,,,,,,,,,,${' '}
`
  const read = (text: string, id = 'pay_now_11611660') => readHistory({ status: 200, text }, id)

  test('reads the documented example', () => {
    expect(read(example)).toEqual({ rows: 2, outcome: 'paid', paymentId: '995893' })
    expect(read(example, '')).toMatchObject({ outcome: 'paid', paymentId: '994209' })
    expect(read(example, 'pay_now_1')).toEqual({ rows: 2, outcome: 'absent' })
    expect(read(example.replaceAll('\n', '\r\n'))).toMatchObject({ outcome: 'paid' })
    expect(read(example.split('\n').slice(0, 1).join(''))).toEqual({ rows: 0, outcome: 'absent' })
  })

  test.each([
    ['a refund alone', example.replaceAll('CREDIT', 'DEBIT')],
    ['a payment without an id', example.replace('PF Payment ID', 'Id')],
    ['another table', example.replace('M Payment ID', 'Id')],
    ['a word', 'OK\n'],
    ['nothing', ''],
    ['an open quote', `${example}"2020`],
    ['a short row', `${example}"2020",x,CREDIT\n`],
    ['an answer of failure', '{"code":400,"status":"failed","data":{"response":false,"message":"Failure"}}'],
  ])('does not know after %s', (_name, text) => {
    expect(read(text)).toMatchObject({ outcome: 'unknown' })
  })
})

describe('parseCsv', () => {
  test('keeps commas, quotes and line ends in quotes', () => {
    expect(parseCsv('a,b\n"1, ""x""\n2",\r\n"",y\n')).toEqual([
      { a: '1, "x"\n2', b: '' },
      { a: '', b: 'y' },
    ])
  })

  test('gives up on an open quote, however long', () => {
    expect(parseCsv(`a,b\n"${'x'.repeat(1_000_000)}`)).toBeUndefined()
  })
})
