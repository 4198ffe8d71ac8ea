// Backups, drills and promises over HTTP: the same as the command shows, without where they lie.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Domain } from '../../src/database/domains.ts'
import { listBackups } from '../../src/ops/backup/list.ts'
import { takeBackup } from '../../src/ops/backup/take.ts'
import { verifyBackup } from '../../src/ops/backup/verify.ts'
import { runDrill } from '../../src/ops/drill.ts'
import { testSources } from '../helpers/one-file.ts'
import { NOW, type TestApp, withApp } from './app.ts'

const read = async ({ get }: TestApp, path: string) => {
  const answer = await get(`/v1/ops/${path}`, ['ops'])
  expect(answer.statusCode, answer.body).toBe(200)
  return answer.json()
}

const MINUTE = 60_000
const later = (minutes: number) => new Date(NOW.getTime() + minutes * MINUTE)

/** One a minute; gives their ids. */
async function take({ context, databases }: TestApp, ...domains: readonly Domain[]): Promise<readonly string[]> {
  const sources = testSources(NOW)
  const ids: string[] = []
  for (const [minute, domain] of domains.entries()) {
    sources.setNow(later(minute))
    const policy = context.policies()[domain]
    const { id } = await takeBackup({ policy, path: databases.paths[domain], sources })
    ids.push(id)
  }
  return ids
}

test('without any backup there is nothing to list, and that is an alarm', () =>
  withApp(async (app) => {
    const none = { isVisible: true, total: 0, unreadable: 0 }
    const nothing = { data: [], files: { identity: none, billing: none, admin: none } }
    expect(await read(app, 'backups')).toEqual(nothing)
    expect(await read(app, 'drills')).toEqual(nothing)
    const { data, alarms } = await read(app, 'backups/promises')
    expect(alarms).toBe(3)
    expect(data[1]).toEqual({
      domain: 'billing',
      isVisible: true,
      schedule: '*/15 * * * *',
      configured: { recoveryPointMs: 900_000 },
      achieved: { recoveryPointMs: null, longestGapMs: null, recoveryTimeMs: null },
      backups: 0,
      newest: null,
      lastVerifiedAt: null,
      lastDrillAt: null,
      alarms: [{ code: 'missed', message: 'There is no good backup of billing.db' }],
    })
  }))

test('backups are listed newest first with their checks; what is damaged or gone says so', () =>
  withApp(async (app) => {
    const { context, clock } = app
    const policy = context.policies().billing
    const folder = policy.target.kind === 'folder' ? policy.target.path : ''
    const [good = '', damaged = '', gone = '', other = ''] = await take(app, 'billing', 'billing', 'billing', 'admin')
    const { backups } = await listBackups(policy)
    const archiveOf = (id: string) =>
      join(folder, backups.find(({ manifest }) => manifest.id === id)?.manifest.archive ?? '')
    const [backup] = backups.filter(({ manifest }) => manifest.id === good)
    if (!backup) throw new Error('It is not listed')
    await verifyBackup({ policy, backup, sources: { now: () => later(5) } })
    writeFileSync(archiveOf(damaged), 'x')
    rmSync(archiveOf(gone))
    clock.now = later(10)
    const { data, files } = await read(app, 'backups')
    const states = data.map(({ id, state }: { id: string; state: string }) => [id, state])
    expect(states).toEqual([
      [other, 'unverified'],
      [gone, 'gone'],
      [damaged, 'damaged'],
      [good, 'verified'],
    ])
    expect(data[3]).toEqual({
      id: good,
      domain: 'billing',
      takenAt: NOW.toISOString(),
      tookMs: expect.any(Number),
      set: null,
      bytes: backup.manifest.bytes,
      encrypted: false,
      state: 'verified',
      verified: { at: later(5).toISOString(), passed: true, findings: [] },
    })
    expect(files).toMatchObject({ billing: { total: 3 }, admin: { total: 1 }, identity: { total: 0 } })
    const some = await read(app, 'backups?domain=billing&limit=1')
    expect(some.data.map(({ id }: { id: string }) => id)).toEqual([gone])
    expect(some.files).toEqual({ billing: { isVisible: true, total: 3, unreadable: 0 } })
    const promises = await read(app, 'backups/promises?domain=billing')
    expect(promises.data).toHaveLength(1)
    expect(promises.data[0]).toMatchObject({ backups: 1, newest: { id: good }, lastVerifiedAt: later(5).toISOString() })
    expect(promises.data[0].achieved.recoveryPointMs).toBe(10 * MINUTE)
    expect(promises.alarms).toBe(2)
  }))

test('a drill shows with what it found', () =>
  withApp(async (app) => {
    const { context, databases, clock } = app
    const [id] = await take(app, 'admin')
    const policy = context.policies().admin
    await runDrill({ policy, paths: databases.paths, sources: { now: () => later(1) } })
    clock.now = later(2)
    const { data, files } = await read(app, 'drills?domain=admin')
    const at = later(1).toISOString()
    expect(data).toEqual([{ domain: 'admin', backupId: id, at, tookMs: 0, passed: true, findings: [] }])
    expect(files).toEqual({ admin: { isVisible: true, total: 1, unreadable: 0 } })
    expect((await read(app, 'backups/promises?domain=admin')).data[0].lastDrillAt).toBe(at)
  }))

test('a store that cannot be read says so for its file, and the others are answered; no answer says where any lies', () =>
  withApp(
    async (app) => {
      await take(app, 'billing')
      const { context, databases, clock } = app
      const { target } = context.policies().billing
      const folder = target.kind === 'folder' ? target.path : ''
      writeFileSync(join(folder, 'billing-20260601T115900Z-00000000.json'), 'no manifest')
      clock.now = later(1)
      const list = await read(app, 'backups')
      expect(list.files.billing).toEqual({ isVisible: true, total: 1, unreadable: 1 })
      expect(list.files.admin).toEqual({ isVisible: false, total: 0, unreadable: 0 })
      expect(list.data).toHaveLength(1)
      const promises = await read(app, 'backups/promises')
      const [, billing, admin] = promises.data
      expect(billing.isVisible).toBe(true)
      expect(billing.alarms).toContainEqual({
        code: 'unreadable',
        message: expect.stringContaining('billing-20260601T115900Z-00000000.json'),
      })
      expect(admin).toMatchObject({ isVisible: false, backups: 0, newest: null })
      expect(admin.alarms).toEqual([
        { code: 'out-of-reach', message: expect.stringContaining('cannot read the store') },
      ])
      for (const answer of [list, promises, await read(app, 'drills')]) {
        expect(JSON.stringify(answer)).not.toContain(databases.dir)
        expect(JSON.stringify(answer)).not.toContain('not-a-folder')
      }
    },
    { env: { GOGGA_BACKUP_POLICY: 'policy.json' }, prepare },
  ))

/** admin's store is a file where a folder should be. */
function prepare(dir: string): void {
  mkdirSync(join(dir, 'stores'))
  writeFileSync(join(dir, 'stores', 'not-a-folder'), '')
  const admin = { target: { kind: 'folder', path: 'stores/not-a-folder' } }
  const billing = { target: { kind: 'folder', path: 'stores/billing' } }
  writeFileSync(join(dir, 'policy.json'), JSON.stringify({ admin, billing }))
}

test.each(['?domain=other', '?limit=0', '?limit=201', '?limit=x', '?since=1', '?domain=billing&domain=admin'])(
  'a query that does not fit is refused: %s',
  (query) =>
    withApp(async ({ get }) => {
      for (const path of ['backups', 'drills', 'backups/promises']) {
        const { statusCode } = await get(`/v1/ops/${path}${query}`, ['ops'])
        expect(statusCode, path).toBe(400)
      }
    }),
)
