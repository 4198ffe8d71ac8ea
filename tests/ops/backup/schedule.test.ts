// Schedules on a clock that the test moves; patterns and backups are real.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { listBackups } from '../../../src/ops/backup/list.ts'
import { lastTime, longestPause, nextTime } from '../../../src/ops/backup/patterns.ts'
import { type BackupPolicy, readPolicies } from '../../../src/ops/backup/policy.ts'
import { runSchedule, type ScheduleEvent, type ScheduleOptions } from '../../../src/ops/backup/schedule.ts'
import { type World, withWorld } from './world.ts'

const at = (text: string) => new Date(`2026-${text}Z`)

describe('a pattern', () => {
  it.each([
    ['*/15 * * * *', '06-01T12:00:00.000', '06-01T12:15:00.000', '06-01T12:00:00.000'],
    ['*/15 * * * *', '06-01T12:14:59.999', '06-01T12:15:00.000', '06-01T12:00:00.000'],
    ['10 1 * * *', '06-01T12:00:00.000', '06-02T01:10:00.000', '06-01T01:10:00.000'],
    ['0 3 * * 1', '06-03T12:00:00.000', '06-08T03:00:00.000', '06-01T03:00:00.000'],
    ['*/10 * * * * *', '06-01T12:00:09.999', '06-01T12:00:10.000', '06-01T12:00:00.000'],
    ['0 0 31 * *', '06-01T00:00:00.000', '07-31T00:00:00.000', '05-31T00:00:00.000'],
  ])('%s at %s is next at %s, was last at %s', (pattern, now, next, last) => {
    expect(nextTime(pattern, at(now))?.toISOString()).toBe(`2026-${next}Z`)
    expect(lastTime(pattern, at(now))?.toISOString()).toBe(`2026-${last}Z`)
  })

  it('promises its longest pause', () => {
    const hours = (pattern: string) => longestPause(pattern, at('06-01T12:00:00.000')) / 3_600_000
    expect([hours('*/15 * * * *'), hours('10 1 * * *'), hours('0 8,12 * * *'), hours('0 3 * * 1')]).toEqual([
      0.25, 24, 20, 168,
    ])
  })
})

interface Run {
  readonly events: ScheduleEvent[]
  readonly calls: string[]
}

/** Runs until `turns` waits are over, each of which moves the clock to its end. */
async function run(
  world: World,
  { turns, policy = world.policy, ...more }: { turns: number; policy?: BackupPolicy } & Partial<ScheduleOptions>,
): Promise<Run> {
  const events: ScheduleEvent[] = []
  const calls: string[] = []
  const controller = new AbortController()
  let left = turns
  await runSchedule({
    policies: { ...readPolicies({ dataDir: world.dir }), [world.domain]: policy },
    domains: [world.domain],
    paths: { identity: '/nowhere', billing: world.path, admin: '/nowhere' },
    sources: world.sources,
    signal: controller.signal,
    log: (event) => events.push(event),
    async waitUntil(time) {
      if (left-- === 0) return controller.abort()
      world.sources.set(new Date(time.getTime() + 20))
    },
    callUrl: async (url) => calls.push(url) && 200,
    ...more,
  })
  return { events, calls }
}

const said = ({ events }: Run) => events.map(({ event }) => event)
const taken = async ({ policy }: World) =>
  (await listBackups(policy)).backups.map(({ manifest }) => manifest.takenAt.slice(5, 23))

describe('a schedule', () => {
  it('makes up at once for a run that was due, then goes on by its pattern', () =>
    withWorld(async (world) => {
      world.sources.set(at('06-01T12:04:30.500'))
      const outcome = await run(world, { turns: 2 })
      expect(await taken(world)).toEqual(['06-01T12:30:00.020', '06-01T12:15:00.020', '06-01T12:04:30.500'])
      expect(said(outcome)).toEqual([
        'backup',
        'pruned',
        'verified',
        'waiting',
        'backup',
        'pruned',
        'waiting',
        'backup',
        'pruned',
        'waiting',
      ])
      expect(outcome.events.filter(({ event }) => event === 'waiting')).toMatchObject([
        { until: '2026-06-01T12:15:00.000Z' },
        { until: '2026-06-01T12:30:00.000Z' },
        { until: '2026-06-01T12:45:00.000Z' },
      ])
    }))

  it('waits where the last run was not missed', () =>
    withWorld(async (world) => {
      world.sources.set(at('06-01T12:01:00.000'))
      await world.take()
      world.sources.set(at('06-01T12:10:00.000'))
      expect(said(await run(world, { turns: 0 }))).toEqual(['waiting'])
    }))

  it('prunes by its policy, and checks a whole archive once a day', () =>
    withWorld(async (world) => {
      const policy = {
        ...world.policy,
        schedule: '0 */6 * * *',
        keep: { ...world.policy.keep, last: 2, hourly: 0, daily: 1, weekly: 0, monthly: 0 },
      }
      const outcome = await run(world, { turns: 9, policy })
      expect(outcome.events.filter(({ event }) => event === 'verified')).toMatchObject([
        { passed: true },
        { passed: true },
        { passed: true },
      ])
      // The newest two, and the one that was checked last.
      expect(await taken(world)).toEqual(['06-03T18:00:00.020', '06-03T12:00:00.020'])
    }))

  it('calls the heartbeat after a success, not after a failure, and survives both', () =>
    withWorld(async (world) => {
      const policy = { ...world.policy, heartbeatUrl: 'https://ping.example/billing' }
      const good = await run(world, { turns: 0, policy })
      expect(good.calls).toEqual(['https://ping.example/billing'])
      expect(good.events).toContainEqual({ event: 'heartbeat', domain: 'billing', status: 200 })
      const gone = { identity: '/nowhere', billing: '/nowhere/billing.db', admin: '/nowhere' }
      const bad = await run(world, { turns: 2, policy, paths: gone })
      expect(bad.calls).toEqual([])
      expect(bad.events.filter(({ event }) => event === 'failed')).toMatchObject([
        { step: 'backup', code: 'file', message: expect.stringContaining('is missing') },
        { step: 'backup', code: 'file' },
      ])
      const silent = await run(world, {
        turns: 1,
        policy,
        callUrl: async () => {
          throw new TypeError('fetch failed')
        },
      })
      expect(silent.events).toContainEqual({
        event: 'failed',
        domain: 'billing',
        step: 'heartbeat',
        code: 'internal',
        message: 'fetch failed',
      })
      // What the broken runs missed, and the next.
      expect(silent.events.filter(({ event }) => event === 'backup').length).toBe(2)
    }))

  it('keeps the heartbeat back where the archive fails its check', () =>
    withWorld(async (world) => {
      const calls: string[] = []
      const policy = { ...world.policy, heartbeatUrl: 'https://ping.example/billing' }
      const damage = (event: ScheduleEvent) => {
        if (event.event === 'backup') writeFileSync(join(world.target, `${event.id}.db.zst`), 'no archive')
        events.push(event)
      }
      const events: ScheduleEvent[] = []
      await run(world, { turns: 0, policy, log: damage, callUrl: async (url) => calls.push(url) })
      expect(events).toMatchObject([
        { event: 'backup' },
        { event: 'pruned' },
        { event: 'verified', passed: false },
        { event: 'alarm', code: 'missed' },
        { event: 'alarm', code: 'failed-check' },
        { event: 'waiting' },
      ])
      expect(calls).toEqual([])
      // The next one is checked at once, and well.
      const next = await run(world, { turns: 1, policy })
      expect(said(next)).toEqual([
        'backup',
        'pruned',
        'verified',
        'heartbeat',
        'waiting',
        'backup',
        'pruned',
        'heartbeat',
        'waiting',
      ])
      expect(next.events[2]).toMatchObject({ event: 'verified', passed: true })
    }))
})
