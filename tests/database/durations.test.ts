import { expect, test } from 'vitest'
import { createContext } from '../../src/context.ts'
import { openWriter } from '../../src/database/connections.ts'
import { BOUNDS_SECONDS, Durations } from '../../src/database/durations.ts'
import { withDatabases } from '../helpers/databases.ts'
import { configOf } from '../http/app.ts'

test('a duration counts at the smallest bound that holds it, and the longest in the count alone', () => {
  const durations = new Durations()
  for (const milliseconds of [0, 0.1, 0.11, 1, 10_000, 10_001]) durations.observe(milliseconds)
  const counted = BOUNDS_SECONDS.flatMap((bound, at) => (durations.counts[at] ? [[bound, durations.counts[at]]] : []))
  expect(counted).toEqual([
    [0.0001, 2],
    [0.00025, 1],
    [0.001, 1],
    [10, 1],
  ])
  expect(durations).toMatchObject({ count: 6, sumMs: 20_002.21 })
})

test('work that throws is counted as well', () => {
  const durations = new Durations()
  let time = 0
  const clock = { now: () => time }
  const work = () => {
    time += 7
    throw new Error('no')
  }
  expect(() => durations.time(clock, work)).toThrow('no')
  expect(durations).toMatchObject({ count: 1, sumMs: 7 })
})

test('a file counts turns, changes, commits and statements, each where it belongs', () =>
  withDatabases(async (databases) => {
    await using context = await createContext(configOf(databases))
    const { admin, billing } = context.files
    const before = billing.statistics
    const change = (id: string) =>
      admin.change((tx) => void tx.insert('InboxMessage', { id, type: 'x', receivedAt: new Date(0) }))
    await change('a')
    await change('b')
    await admin.client.inboxMessage.findMany()
    await admin.client.inboxMessage.findMany()
    const { durations, rows, hits, prepared, waiting, changesWaiting } = admin.statistics
    expect([durations.change.count, durations.commit.count, durations.wait.count, durations.hold.count]).toEqual([
      2, 2, 2, 2,
    ])
    expect(rows.writer).toEqual({ hits: 1, prepared: 1 })
    expect(hits.reader).toBeGreaterThanOrEqual(1)
    expect(prepared.reader).toBeGreaterThanOrEqual(1)
    expect([waiting, changesWaiting]).toEqual([0, 0])
    expect(billing.statistics).toEqual(before)
    context.join.pageByName({ from: 'vouchers' })
    context.join.pageByName({ from: 'vouchers' })
    const { admin: joined } = context.join.statistics
    expect(joined.durations.count).toBe(2)
    expect(context.join.statistics.identity.durations.count).toBe(0)
  }))

test('who hurries no longer waits for a lock, nor do those who wait already', () =>
  withDatabases(async (databases) => {
    await using context = await createContext(configOf(databases, { GOGGA_BUSY_TIMEOUT_MS: '600000' }))
    const { billing } = context.files
    const other = openWriter('billing', databases.paths.billing)
    other.exec('begin immediate')
    const write = (id: string) =>
      billing.change((tx) => void tx.insert('InboxMessage', { id, type: 'x', receivedAt: new Date(0) }))
    const waiting = [write('a'), write('b')]
    billing.hurry()
    const late = write('c')
    for (const refused of [...waiting, late]) await expect(refused).rejects.toMatchObject({ code: 'unavailable' })
    other.exec('rollback')
    other.close()
    await write('d')
    expect(billing.rows.list('InboxMessage', {}).map(({ id }) => id)).toEqual(['d'])
  }))
