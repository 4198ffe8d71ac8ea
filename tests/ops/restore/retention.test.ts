// What a backup brings back though it was kept for as long as the schema says is gone again, in the same step.
import { describe, expect, it } from 'vitest'
import { contentsOf } from '../backup/world.ts'
import { plant, T, tombstone } from '../check/planting.ts'
import { type RestoreWorld, SECOND, withRestoreWorld } from './world.ts'

const DAY = 86_400 * SECOND

/** `YYYY-MM-DDT…+00:00`, so many days before the backup. */
const daysBefore = ({ clock }: RestoreWorld, days: number): string =>
  new Date(clock.now.getTime() - days * DAY).toISOString().replace('Z', '+00:00')

const authLog = (id: string, createdAt: string) =>
  `insert into "AuthLog" (id, action, createdAt) values ('${id}', 'login_success', '${createdAt}')`
const adminLog = (id: string, createdAt: string) =>
  `insert into "AdminLog" (id, action, adminId, createdAt) values ('${id}', 'user_viewed', 'system', '${createdAt}')`
const key = (id: string, revokedAt: string | null) =>
  `insert into "ApiKey" (id, name, hash, scopes, createdAt, revokedAt)
   values ('${id}', 'k', 'h-${id}', 'ops', '${T}', ${revokedAt === null ? 'null' : `'${revokedAt}'`})`

const ids = (world: RestoreWorld, table: string) =>
  world.rows<{ id: string }>('identity', `select id from "${table}" order by id`).map(({ id }) => id)

describe('after a restore', () => {
  it('what became too old since the backup is gone, counted; what is kept for ever stays', () =>
    withRestoreWorld(async (world) => {
      const { databases } = world
      plant(databases, 'identity', authLog('old', daysBefore(world, 350)), authLog('new', daysBefore(world, 1)))
      plant(databases, 'identity', tombstone('gone'), key('revoked', T), key('good', null))
      const { id } = await world.backup('identity')
      world.pass(30 * DAY)
      const report = await world.restore('identity', { from: id })
      expect(report.purged).toEqual([{ model: 'identity.AuthLog', period: '1y', before: expect.any(Date), rows: 1 }])
      expect(ids(world, 'AuthLog')).toEqual(['new'])
      expect(world.rows('identity', 'select subjectId from "Tombstone"')).toEqual([{ subjectId: 'gone' }])
      expect(world.rows('identity', 'select id, revokedAt from "ApiKey" order by id')).toEqual([
        { id: 'good', revokedAt: null },
        { id: 'revoked', revokedAt: T },
      ])
      expect(JSON.stringify(contentsOf(databases.paths.identity))).not.toContain('"old"')
    }))

  it('a dry run counts the same, and removes nothing', () =>
    withRestoreWorld(async (world) => {
      plant(world.databases, 'identity', authLog('old', daysBefore(world, 350)))
      const { id } = await world.backup('identity')
      world.pass(30 * DAY)
      expect((await world.restore('identity', { from: id }, { dryRun: true })).purged).toMatchObject([{ rows: 1 }])
      expect(ids(world, 'AuthLog')).toEqual(['old'])
    }))

  it('what named such a row in another file follows by a message', () =>
    withRestoreWorld(async (world) => {
      const { databases } = world
      plant(databases, 'admin', adminLog('log', daysBefore(world, 365 * 5 - 10)))
      plant(databases, 'identity', `insert into "AdminLogOrigin" (adminLogId, ip) values ('log', '192.0.2.1')`)
      const { id } = await world.backup('admin')
      world.pass(30 * DAY)
      expect((await world.restore('admin', { from: id })).purged).toMatchObject([{ model: 'admin.AdminLog', rows: 1 }])
      world.pass(10 * SECOND)
      await world.run(async () => undefined)
      expect(world.rows('identity', 'select * from "AdminLogOrigin"')).toEqual([])
    }))

  it('where nothing is due, nothing is told', () =>
    withRestoreWorld(async (world) => {
      plant(world.databases, 'identity', authLog('new', daysBefore(world, 1)))
      const { id } = await world.backup('identity')
      expect((await world.restore('identity', { from: id })).purged).toEqual([])
    }))
})
