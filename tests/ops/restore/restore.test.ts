import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import type Database from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import { openWriter } from '../../../src/database/connections.ts'
import { ConflictError, FileError } from '../../../src/errors.ts'
import { contentsOf } from '../backup/world.ts'
import { payment, plant, subscription, user } from '../check/planting.ts'
import { archivesOf, type RestoreWorld, SECOND, withRestoreWorld } from './world.ts'

const idsOf = (world: RestoreWorld, table: string) =>
  world.rows<{ id: string }>('billing', `select id from "${table}" order by id`).map(({ id }) => id)

/** Whoever reads a file in WAL mode may leave an empty log and its index. */
const namesIn = (path: string): string[] =>
  readdirSync(dirname(path))
    .filter((name) => !/-(wal|shm)$/.test(name))
    .sort()

/** billing.db has a payment more than its backup, one less, and one that changed. */
const withPast = (work: (world: RestoreWorld, id: string) => Promise<void>) =>
  withRestoreWorld(async (world) => {
    const { databases } = world
    plant(databases, 'identity', user('ann'), user('bob'))
    plant(databases, 'billing', subscription('s1', 'ann'), ...['p1', 'p2'].map((id) => payment(id, 'ann')))
    const { id } = await world.backup('billing')
    world.pass(10 * SECOND)
    plant(databases, 'billing', payment('p3', 'bob'), `delete from "ProcessedPayment" where id = 'p1'`)
    plant(databases, 'billing', `update "Subscription" set credits = 7`)
    await work(world, id)
  })

describe('a restore', () => {
  it('puts the file back, tells every row that is lost, and keeps the old file', () =>
    withPast(async (world, id) => {
      const live = world.databases.paths.billing
      const before = contentsOf(live)
      const report = await world.restore('billing', { from: id })
      expect(report).toMatchObject({ live: 'compared', backup: { id }, dangling: [], closed: [] })
      expect(report.losses.map(({ table, lost, changed, back }) => [table, lost.ids, changed.ids, back.ids])).toEqual([
        ['Subscription', [], ['s1'], []],
        ['ProcessedPayment', ['p3'], [], ['p1']],
      ])
      expect(idsOf(world, 'ProcessedPayment')).toEqual(['p1', 'p2'])
      expect(world.rows('billing', 'select credits from "Subscription"')).toEqual([{ credits: 0 }])
      expect(namesIn(live)).toEqual(['billing.db', 'billing.db.before-restore-20260601T120010Z'])
      expect(contentsOf(report.kept ?? '')).toEqual(before)
      expect([live, report.kept ?? ''].map((path) => statSync(path).mode & 0o777)).toEqual([0o600, 0o600])
      world.pass(10 * SECOND)
      await world.run(async () => undefined) // A server opens it.
    }))

  it('changes nothing with dryRun, and tells the same', () =>
    withPast(async (world, id) => {
      const live = world.databases.paths.billing
      const [bytes, names] = [readFileSync(live), namesIn(live)]
      const plan = await world.restore('billing', { from: id }, { dryRun: true })
      expect({ bytes: readFileSync(live), names: namesIn(live) }).toEqual({ bytes, names })
      expect(plan.kept).toBe(null)
      const { losses, dangling } = await world.restore('billing', { from: id })
      expect(plan).toMatchObject({ losses, dangling })
    }))

  it('takes the newest backup of a time or before', () =>
    withPast(async (world, first) => {
      await world.backup('billing')
      world.pass(10 * SECOND)
      const time = (seconds: number) => ({ at: new Date(world.clock.now.getTime() - seconds * SECOND) })
      const chosen = await world.restore('billing', time(11), { dryRun: true })
      expect(chosen.backup.id).toBe(first)
      expect((await world.restore('billing', time(10), { dryRun: true })).backup.id).not.toBe(first)
      await expect(world.restore('billing', time(21))).rejects.toThrow(/No good backup of billing\.db is of 2026/)
    }))

  it('takes the latest one that is good', () =>
    withPast(async (world, first) => {
      const latest = () => world.restore('billing', { from: 'latest' }, { dryRun: true })
      const { id } = await world.backup('billing')
      expect((await latest()).backup.id).toBe(id)
      const folder = archivesOf(world.databases, 'billing')
      const archive = join(folder, readdirSync(folder).find((name) => name.startsWith(`${id}.db`)) ?? '')
      truncateSync(archive, statSync(archive).size - 1)
      expect((await latest()).backup.id).toBe(first)
      await expect(world.restore('admin', { from: 'latest' })).rejects.toThrow('No good backup of admin.db is there')
    }))

  it('refuses a backup of another file, and one that is not there', () =>
    withPast(async (world, id) => {
      await expect(world.restore('identity', { from: id })).rejects.toThrow('is no backup of identity.db')
      await expect(world.restore('billing', { from: `${id}x` })).rejects.toThrow('has the id')
    }))

  it('refuses while anybody has the file open, even when idle', () =>
    withPast(async (world, id) => {
      const live = world.databases.paths.billing
      const [server, names] = [openWriter('billing', live), namesIn(live)]
      const rows = contentsOf(live)
      const places: string[] = []
      const reached = (place: string) => void places.push(place)
      const failure = await world.restore('billing', { from: id }, { reached }).catch((error: unknown) => error)
      expect(places).toEqual([]) // Before anything was fetched.
      expect(failure).toBeInstanceOf(ConflictError)
      expect((failure as Error).message).toContain('is in use')
      expect(contentsOf(live)).toEqual(rows)
      server.close()
      expect(names.some((name) => name.includes('restore'))).toBe(false)
      expect(namesIn(live).some((name) => name.includes('restore'))).toBe(false)
    }))

  it('gives up, and leaves no journal, where somebody opens the file just before the rename', () =>
    withPast(async (world, id) => {
      const live = world.databases.paths.billing
      let server: Database.Database | undefined
      const reached = (place: string) => {
        if (place === 'journal') server = openWriter('billing', live)
      }
      await expect(world.restore('billing', { from: id }, { reached })).rejects.toThrow('is in use')
      server?.close()
      expect(namesIn(live)).toEqual(['billing.db'])
      expect(idsOf(world, 'ProcessedPayment')).toEqual(['p2', 'p3'])
    }))

  it.each([
    ['changed', (archive: string) => writeFileSync(archive, readFileSync(archive).fill(1, 60, 70))],
    ['cut off', (archive: string) => truncateSync(archive, statSync(archive).size - 1)],
    ['gone', (archive: string) => rmSync(archive)],
  ])('refuses an archive that is %s, and moves nothing', (_name, spoil) =>
    withPast(async (world, id) => {
      const live = world.databases.paths.billing
      const archives = archivesOf(world.databases, 'billing')
      const archive = readdirSync(archives).find((name) => name.endsWith('.zst')) ?? ''
      spoil(join(archives, archive))
      const bytes = readFileSync(live)
      await expect(world.restore('billing', { from: id })).rejects.toThrow(/damaged|is not in/)
      expect(readFileSync(live)).toEqual(bytes)
      expect(namesIn(live)).toEqual(['billing.db'])
    }),
  )

  it('refuses a backup whose rows are not those of its manifest', () =>
    withPast(async (world, id) => {
      const path = join(archivesOf(world.databases, 'billing'), `${id}.json`)
      const manifest = JSON.parse(readFileSync(path, 'utf8'))
      manifest.rows.Subscription = 5
      writeFileSync(path, JSON.stringify(manifest))
      await expect(world.restore('billing', { from: id })).rejects.toThrow(FileError)
      expect(namesIn(world.databases.paths.billing)).toEqual(['billing.db'])
    }))

  it('restores where the file and its log are gone', () =>
    withPast(async (world, id) => {
      const live = world.databases.paths.billing
      rmSync(live)
      writeFileSync(`${live}-wal`, 'what is left of a log')
      const report = await world.restore('billing', { from: id })
      expect(report).toMatchObject({ live: 'missing', losses: [] })
      expect(idsOf(world, 'ProcessedPayment')).toEqual(['p1', 'p2'])
      expect(readFileSync(`${report.kept}-wal`, 'utf8')).toBe('what is left of a log')
    }))

  it.each([
    ['no database', (live: string) => writeFileSync(live, 'nonsense'.repeat(1_000))],
    ['broken in the middle', (live: string) => writeFileSync(live, readFileSync(live).fill(0xff, 4096, 65_536))],
    ['empty', (live: string) => truncateSync(live)],
  ])('restores where the file is %s, and keeps it as it was', (_name, spoil) =>
    withPast(async (world, id) => {
      const live = world.databases.paths.billing
      spoil(live)
      const report = await world.restore('billing', { from: id })
      expect(report).toMatchObject({ live: 'unreadable', losses: [] })
      expect(idsOf(world, 'ProcessedPayment')).toEqual(['p1', 'p2'])
      expect(statSync(report.kept ?? '').isFile()).toBe(true)
    }),
  )

  it('loses nothing of a log that nobody had put into the old file', () =>
    withPast(async (world, id) => {
      const live = world.databases.paths.billing
      const writer = openWriter('billing', live)
      writer.exec(payment('p4', 'ann'))
      const saved = join(world.databases.dir, 'saved')
      mkdirSync(saved)
      for (const ending of ['', '-wal']) writeFileSync(join(saved, `f${ending}`), readFileSync(`${live}${ending}`))
      writer.close()
      for (const ending of ['', '-wal']) renameSync(join(saved, `f${ending}`), `${live}${ending}`)
      const { kept, losses } = await world.restore('billing', { from: id })
      expect(losses.find(({ table }) => table === 'ProcessedPayment')?.lost.ids).toEqual(['p3', 'p4'])
      expect(JSON.stringify(contentsOf(kept ?? ''))).toContain('pf-p4')
      expect(statSync(`${live}-wal`, { throwIfNoEntry: false })?.size ?? 0).toBe(0)
      expect(idsOf(world, 'ProcessedPayment')).toEqual(['p1', 'p2'])
    }))

  it('works on billing.db without identity.db, and on identity.db without billing.db', () =>
    withPast(async (world, id) => {
      const { paths } = world.databases
      const identity = await world.backup('identity')
      renameSync(paths.identity, `${paths.identity}.away`)
      expect(await world.restore('billing', { from: id })).toMatchObject({ closed: ['identity'] })
      rmSync(paths.billing)
      expect(await world.restore('identity', { from: identity.id })).toMatchObject({
        closed: ['billing'],
        live: 'missing',
      })
      expect(world.rows('identity', 'select id from "User" order by id')).toEqual([{ id: 'ann' }, { id: 'bob' }])
    }))

  it('tells the links that dangle afterwards, in both directions', () =>
    withRestoreWorld(async (world) => {
      plant(world.databases, 'identity', user('ann'))
      const { id } = await world.backup('identity')
      plant(world.databases, 'identity', user('bob'))
      plant(world.databases, 'billing', payment('p1', 'bob'), payment('p2', 'ann'))
      const { dangling } = await world.restore('identity', { from: id })
      expect(dangling).toEqual([{ link: 'billing.ProcessedPayment.userId', policy: 'keep', rows: 1, of: 2 }])
    }))
})
