import { expect, test } from 'vitest'
import { openWriter } from '../../src/database/connections.ts'
import { type Attempt, PiiAttempts } from '../../src/identity/pii-attempts.ts'
import { START, withFile } from '../helpers/one-file.ts'

const REASON: Attempt = { place: 'admin.Voucher.voidReason', kind: 'email' }
const META: Attempt = { place: 'billing.SubscriptionEvent.meta', kind: 'phone' }

const counted = ({ figures }: PiiAttempts) => figures.filter(({ count }) => count > 0)

test('every kind and outcome of both files is there from the start, at nothing', async () => {
  await withFile('identity', async ({ file, sources }) => {
    await using attempts = new PiiAttempts({ ...sources, change: file.change })
    expect(attempts.figures).toHaveLength(2 * 6 * 2)
    expect(counted(attempts)).toEqual([])
  })
})

test('a refusal is counted at once and on record once the attempts are disposed of', async () => {
  await withFile('identity', async ({ file, sources }) => {
    const attempts = new PiiAttempts({ ...sources, change: file.change })
    attempts.refused(REASON)
    attempts.refused(REASON)
    attempts.refused(META)
    expect(counted(attempts)).toEqual([
      { domain: 'billing', kind: 'phone', outcome: 'refused', count: 1 },
      { domain: 'admin', kind: 'email', outcome: 'refused', count: 2 },
    ])
    await attempts[Symbol.asyncDispose]()
    const rows = file.rows.list('PiiAttempt', {}).map(({ id, ...row }) => row)
    expect(rows).toEqual([REASON, REASON, META].map((at) => ({ ...at, outcome: 'refused', createdAt: START })))
  })
})

test('nothing but place and kind is taken, whatever comes along', async () => {
  await withFile('identity', async ({ file, sources }) => {
    const attempts = new PiiAttempts({ ...sources, change: file.change })
    attempts.refused(Object.assign(new Error('thabo@example.co.za'), REASON))
    await attempts[Symbol.asyncDispose]()
    expect(JSON.stringify(file.rows.list('PiiAttempt', {}))).not.toContain('thabo')
  })
})

test('where identity.db cannot be written the refusal is told, and counted all the same', async () => {
  await withFile('identity', async ({ file, sources }) => {
    const lost: Attempt[] = []
    file.hurry() // Nothing waits for a lock.
    const attempts = new PiiAttempts({ ...sources, change: file.change, onLost: (attempt) => lost.push(attempt) })
    const other = openWriter('identity', file.path)
    other.exec('begin immediate')
    attempts.refused(REASON)
    await attempts[Symbol.asyncDispose]()
    other.exec('rollback')
    other.close()
    expect(lost).toEqual([REASON])
    expect(counted(attempts)).toMatchObject([{ outcome: 'refused', count: 1 }])
    expect(file.rows.list('PiiAttempt', {})).toEqual([])
  })
})
