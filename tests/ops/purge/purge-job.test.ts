// What a server removes by itself: what is due, in steps, told and counted; what is not due stays.
import { expect, test } from 'vitest'
import { purgeJob } from '../../../src/ops/purge/purge-job.ts'
import { DAY, NOW, withWorld } from '../../saga/world.ts'
import { plant, rowsOf } from '../check/planting.ts'

const at = (ms: number) => new Date(NOW.getTime() + ms).toISOString().replace('Z', '+00:00')
const authLogs = (...ages: readonly [id: string, createdAt: string][]) =>
  ages.map(([id, time]) => `insert into "AuthLog" (id, action, createdAt) values ('${id}', 'login', '${time}')`)
const YEAR = 365 * DAY

test('a year later what was new goes and what is newer stays, which is told and counted', () =>
  withWorld(async ({ context, databases, clock, pass }) => {
    const told: number[] = []
    const { files } = context
    const job = purgeJob({ files, now: () => clock.now, onPurged: ({ rows }) => told.push(rows) })
    const left = () => rowsOf<{ id: string }>(databases, 'identity', 'select id from "AuthLog" order by id')
    plant(databases, 'identity', ...authLogs(['a', at(0)], ['b', at(1)], ['c', at(100 * DAY)]))
    expect(job.figures()).toEqual({ rows: 0, doneAt: undefined })
    const { signal } = new AbortController()
    await job.run(signal)
    expect(left()).toHaveLength(3)
    expect(told).toEqual([])
    expect(job.figures()).toEqual({ rows: 0, doneAt: clock.now })
    pass(YEAR + 10)
    await job.run(signal)
    expect(left()).toEqual([{ id: 'c' }])
    expect(told).toEqual([2])
    expect(job.figures()).toEqual({ rows: 2, doneAt: clock.now })
  }))

test('more than one step of them goes in one run, and a run that is to stop leaves the rest', () =>
  withWorld(async ({ context, databases, clock }) => {
    const many = 'with recursive n(i) as (select 1 union all select i + 1 from n where i < 60000)'
    const sql = `${many} insert into "AuthLog" (id, action, createdAt) select 'l' || i, 'login', '${at(-2 * YEAR)}' from n`
    plant(databases, 'identity', sql)
    const stop = new AbortController()
    const told: number[] = []
    const job = purgeJob({
      files: context.files,
      now: () => clock.now,
      onPurged: ({ rows }) => told.push(rows),
    })
    const left = () => rowsOf<{ n: number }>(databases, 'identity', 'select count(*) as n from "AuthLog"')[0]?.n ?? -1
    stop.abort()
    await job.run(stop.signal)
    expect(left()).toBe(60_000)
    expect(job.figures()).toEqual({ rows: 0, doneAt: undefined })
    await job.run(new AbortController().signal)
    expect(left()).toBe(0)
    expect(told).toEqual([60_000])
  }))

test('a file that cannot be written fails the run, which is then tried again; what went before is told', () =>
  withWorld(async ({ context, databases, clock }) => {
    const told: number[] = []
    const job = purgeJob({ files: context.files, now: () => clock.now, onPurged: ({ rows }) => told.push(rows) })
    plant(databases, 'identity', ...authLogs(['a', at(-2 * YEAR)]))
    const { signal } = new AbortController()
    const { writer } = context.files.identity.connections
    writer.pragma('query_only = on')
    await expect(job.run(signal)).rejects.toThrow()
    expect(job.figures().doneAt).toBeUndefined()
    writer.pragma('query_only = off')
    await job.run(signal)
    expect(told).toEqual([1])
  }))
