import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import { openWriter } from '../../../src/database/connections.ts'
import { fetchBackup } from '../../../src/ops/backup/fetch.ts'
import { listBackups } from '../../../src/ops/backup/list.ts'
import { takeBackup } from '../../../src/ops/backup/take.ts'
import { openWorkFolder } from '../../../src/ops/backup/work-folder.ts'
import { insertRows } from '../../helpers/people.ts'
import { contentsOf, keyFile, START, type World, withWorld } from './world.ts'

const WRITER = join(import.meta.dirname, 'children/writer.ts')
const TAKE = join(import.meta.dirname, 'children/take.ts')
const shown = ({ target }: World) => readdirSync(target).filter((name) => !name.startsWith('.'))

async function withFolderIn<T>(parent: string, work: (dir: string) => Promise<T>): Promise<T> {
  const dir = mkdtempSync(join(parent, 'gogga-test-'))
  try {
    return await work(dir)
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

async function restored(
  { dir, policy }: World,
  manifest: Parameters<typeof fetchBackup>[0]['manifest'],
): Promise<string> {
  const target = join(dir, `${manifest.id}.restored.db`)
  await fetchBackup({ policy, manifest, target })
  return target
}

describe('a backup', () => {
  it('is the whole file, described by its manifest', () =>
    withWorld(async (world) => {
      world.fill(0, 50)
      const writer = openWriter('billing', world.path)
      const message = { type: 'user-created', target: 'admin', payload: '{}', attempts: 0 }
      const insert = writer.prepare(
        `insert into "OutboxMessage" (id, type, target, payload, attempts, createdAt, nextAttemptAt, deadAt)
         values (@id, @type, @target, @payload, @attempts, @time, @time, @deadAt)`,
      )
      insert.run({ ...message, id: 'm1', time: '2026-06-01T11:00:00.000+00:00', deadAt: null })
      insert.run({
        ...message,
        id: 'm2',
        time: '2026-06-01T11:30:00.000+00:00',
        deadAt: '2026-06-01T11:40:00.000+00:00',
      })
      writer.close()
      const before = contentsOf(world.path)
      const manifest = await world.take({}, 'restore-point')
      expect(manifest).toMatchObject({
        format: 1,
        id: 'billing-20260601T120000Z-id1',
        domain: 'billing',
        applicationId: 0x47474269,
        takenAt: START.toISOString(),
        archive: 'billing-20260601T120000Z-id1.db.zst',
        compression: 'zstd',
        encryption: null,
        set: 'restore-point',
        outbox: { rows: 2, dead: 1, maxRowid: 2, ids: ['m1', 'm2'], newestAt: '2026-06-01T11:30:00.000+00:00' },
        inbox: { rows: 0, maxRowid: 0, newestAt: null },
      })
      expect(manifest.rows).toEqual(
        Object.fromEntries(Object.entries(before).map(([name, rows]) => [name, rows.length])),
      )
      expect(manifest.rows.ProcessedPayment).toBe(50)
      expect(manifest.migrations).toEqual(
        (before._prisma_migrations as { migration_name: string }[]).map((row) => row.migration_name).sort(),
      )
      const archive = readFileSync(join(world.target, manifest.archive))
      expect(manifest.bytes.stored).toBe(archive.length)
      expect(manifest.checksum.stored).toBe(createHash('sha256').update(archive).digest('hex'))
      expect(shown(world).sort()).toEqual(
        [manifest.archive, `${manifest.id}.json`, 'history-billing.json', 'since-billing.json'].sort(),
      )
      const listed = await listBackups(world.policy)
      expect(listed.backups).toEqual([{ manifest, verified: undefined, stored: archive.length }])
      const target = await restored(world, manifest)
      expect(contentsOf(target)).toEqual(before)
      expect(statSync(target).size).toBe(manifest.bytes.plain)
    }))

  it('has modes 0700 and 0600, and leaves no plain copy behind', () =>
    withWorld(async (world) => {
      const mode = (path: string) => (statSync(path).mode & 0o777).toString(8)
      const work = join(world.target, '.gogga-backup-take-billing')
      const policy = { ...world.policy, keyFile: keyFile(world.dir) }
      const meanwhile: string[] = []
      const progress = (phase: string) => {
        if (phase === 'pack') meanwhile.push(mode(work), mode(join(work, 'copy.db')), mode(join(work, 'archive')))
      }
      const manifest = await takeBackup({ policy, path: world.path, sources: world.sources, progress })
      expect(meanwhile).toEqual(['700', '600', '600'])
      expect(mode(world.target)).toBe('700')
      expect(mode(join(work, 'lock.db'))).toBe('600')
      for (const name of shown(world)) expect([name, mode(join(world.target, name))]).toEqual([name, '600'])
      expect(readdirSync(join(world.target, '.gogga-backup-take-billing'))).toEqual(['lock.db'])
      expect(
        statSync(await restored({ ...world, policy: { ...world.policy, keyFile: keyFile(world.dir) } }, manifest))
          .mode & 0o777,
      ).toBe(0o600)
    }))

  it('of many MiB has each of them once, in order, also where the copy still changed after it was compressed', () =>
    withWorld(async (world) => {
      const writer = openWriter('billing', world.path)
      writer.pragma('synchronous = OFF')
      const noise = (nth: number) => createHash('sha512').update(String(nth)).digest('base64')
      const rows = Array.from({ length: 60_000 }, (_, nth) => ({ id: `${noise(nth)}`, meta: noise(-nth).repeat(3) }))
      insertRows({ identity: writer, billing: writer, admin: writer }, 'subscription-events', rows)
      writer.close()
      const manifest = await world.take()
      expect(manifest.bytes.plain).toBeGreaterThan(30 << 20)
      const target = await restored(world, manifest)
      expect(contentsOf(target)).toEqual(contentsOf(world.path))
      expect(new Database(target).pragma('integrity_check', { simple: true })).toBe('ok')
    }))

  it.runIf(statSync('/dev/shm', { throwIfNoEntry: false })?.dev !== statSync(tmpdir()).dev)(
    'made on another disk appears whole as well',
    () =>
      withWorld((world) =>
        withFolderIn('/dev/shm', async (workFolder) => {
          world.fill(0, 500)
          mkdirSync(world.target, { recursive: true })
          const left = join(world.target, '.billing-20260601T110000Z-id0.db.zst.part')
          writeFileSync(left, 'half')
          const manifest = await world.take({ workFolder })
          expect(existsSync(left)).toBe(false)
          expect(statSync(join(world.target, manifest.archive)).mode & 0o777).toBe(0o600)
          expect(contentsOf(await restored(world, manifest))).toEqual(contentsOf(world.path))
          expect(readdirSync(join(workFolder, '.gogga-backup-take-billing'))).toEqual(['lock.db'])
        }),
      ),
  )

  it.runIf(spawnSync('zstd', ['-V']).status === 0)('without a key opens with zstd alone', () =>
    withWorld(async (world) => {
      world.fill(0, 3_000)
      const manifest = await world.take()
      const out = join(world.dir, 'by-zstd.db')
      expect(spawnSync('zstd', ['-d', '-q', join(world.target, manifest.archive), '-o', out]).status).toBe(0)
      expect(contentsOf(out)).toEqual(contentsOf(world.path))
    }),
  )

  it('without compression and key is the database itself', () =>
    withWorld(async (world) => {
      world.fill(0, 2_000)
      const manifest = await world.take({ compression: 'none' })
      expect(manifest.archive).toBe(`${manifest.id}.db`)
      expect(contentsOf(join(world.target, manifest.archive))).toEqual(contentsOf(world.path))
      expect(contentsOf(await restored(world, manifest))).toEqual(contentsOf(world.path))
    }))

  it('is of one moment while another process writes', () =>
    withWorld(async (world) => {
      world.fill(0, 2_000)
      const child = spawn(process.execPath, [WRITER, world.path], { stdio: ['pipe', 'pipe', 'inherit'] })
      await once(child.stdout, 'data')
      const manifests = [await world.take(), await world.take(), await world.take()]
      child.stdin.end()
      await once(child, 'exit')
      for (const manifest of manifests) {
        const { ProcessedPayment, SubscriptionEvent } = contentsOf(await restored(world, manifest))
        expect(ProcessedPayment?.length).toBe(SubscriptionEvent?.length)
        expect(manifest.rows).toMatchObject({ ProcessedPayment: ProcessedPayment?.length })
      }
      const counts = manifests.map(({ rows }) => rows.ProcessedPayment ?? 0)
      expect(counts[0]).toBeGreaterThanOrEqual(2_019)
      expect(counts[2]).toBeGreaterThan(counts[0] ?? 0)
    }))

  it('leaves alone what others put beside it, and removes what was abandoned', () =>
    withWorld(async (world) => {
      mkdirSync(world.target, { recursive: true })
      const others = [
        'billing-notes.txt',
        'billing-20260601T110000Z-id9.db.zst.mine',
        'identity-20260601T110000Z-id9.db.zst',
      ]
      for (const name of others) writeFileSync(join(world.target, name), 'x')
      writeFileSync(join(world.target, 'billing-20260601T110000Z-id9.db.zst'), 'abandoned')
      const manifest = await world.take()
      expect(shown(world).sort()).toEqual(
        [...others, manifest.archive, `${manifest.id}.json`, 'history-billing.json', 'since-billing.json'].sort(),
      )
    }))

  it('does not hold the bytes of deleted rows', () =>
    withWorld(async (world) => {
      const database = new Database(world.path)
      database.pragma('secure_delete = OFF')
      const insert = database.prepare('insert into "InboxMessage" (id, type) values (?, ?)')
      for (let nth = 0; nth < 3_000; nth++) insert.run(`erased-person-${nth}`, 'gone')
      insert.run('still-here', 'kept')
      database.exec('delete from "InboxMessage" where type = \'gone\'')
      database.pragma('wal_checkpoint(TRUNCATE)')
      database.close()
      expect(readFileSync(world.path).includes('erased-person-')).toBe(true)
      const manifest = await world.take({ compression: 'none' })
      const bytes = readFileSync(join(world.target, manifest.archive))
      expect(bytes.includes('still-here')).toBe(true)
      expect(bytes.includes('erased-person-')).toBe(false)
    }))
})

describe('the copy', () => {
  it('holds no second copy of a row, which would outlive it', () =>
    withWorld(async (world) => {
      const database = new Database(world.path)
      const insert = database.prepare('insert into "InboxMessage" (id, type) values (?, ?)')
      // Long keys in no order: pages of the index split all the time while they are copied.
      const ids = Array.from(
        { length: 2_000 },
        (_, nth) => `${(nth * 7_919) % 2_003}-person-${'x'.repeat(nth % 60)}-${nth}!`,
      )
      for (const id of ids) insert.run(id, 'kept')
      database.close()
      const manifest = await world.take({ compression: 'none' })
      const bytes = readFileSync(join(world.target, manifest.archive)).toString('latin1')
      const counts = ids.map((id) => bytes.split(id).length - 1)
      // Once in the table, and at most once in the index.
      expect(Math.max(...counts)).toBeLessThanOrEqual(2)
      expect(Math.min(...counts)).toBeGreaterThanOrEqual(1)
    }))
})

describe('a backup is refused', () => {
  it('of a file that is missing, or of another domain', () =>
    withWorld(async (world) => {
      const take = (path: string) => takeBackup({ policy: world.policy, path, sources: world.sources })
      await expect(take(join(world.dir, 'none.db'))).rejects.toMatchObject({
        code: 'file',
        message: expect.stringContaining('is missing'),
      })
      const other = join(world.dir, 'identity/identity.db')
      await expect(take(other)).rejects.toMatchObject({
        code: 'file',
        message: expect.stringContaining('expected billing'),
      })
      expect(shown(world)).toEqual([])
    }))

  it('of a file with a damaged page, and of one with an index of another table', () =>
    withWorld(async (world) => {
      world.fill(0, 2_000)
      const database = new Database(world.path)
      database.pragma('wal_checkpoint(TRUNCATE)')
      const root = (name: string) =>
        database.prepare('select rootpage from sqlite_schema where name = ?').pluck().get(name) as number
      const page = root('ProcessedPayment_userId_idx')
      database.close()
      const bytes = readFileSync(world.path)
      const good = Buffer.from(bytes)
      bytes.fill(0xff, (page - 1) * 4096 + 8, page * 4096)
      writeFileSync(world.path, bytes)
      await expect(world.take()).rejects.toMatchObject({ code: 'file', message: expect.stringContaining('damaged') })
      writeFileSync(world.path, good)
      // An index of another column's entries: its pages are sound, its rows are not those of the table.
      const short = new Database(world.path)
      short.exec('create index "short" on "ProcessedPayment" (type)')
      short.exec('create index "other" on "InboxMessage" (type)')
      const empty = short.prepare("select rootpage from sqlite_schema where name = 'other'").pluck().get()
      short.unsafeMode(true)
      short.pragma('writable_schema = ON')
      short.prepare("update sqlite_schema set rootpage = ? where name = 'short'").run(empty)
      short.exec("delete from sqlite_schema where name = 'other'")
      short.close()
      await expect(world.take()).rejects.toMatchObject({
        message: expect.stringContaining('wrong # of entries in index short'),
      })
    }))

  it('where another process is at work on the same target', () =>
    withWorld(async (world) => {
      mkdirSync(world.target, { recursive: true })
      using _held = openWorkFolder(world.policy)
      const child = spawnSync(process.execPath, [TAKE, world.dir], { encoding: 'utf8' })
      expect(child.stderr).toMatch(/ConflictError: Another process makes or prunes backups in/)
      expect(child.stdout).toBe('')
    }))

  it('where others can look into the folder in which it would be made', () =>
    withWorld(async (world) => {
      const work = join(world.target, '.gogga-backup-take-billing')
      mkdirSync(work, { recursive: true })
      chmodSync(work, 0o755)
      await expect(world.take()).rejects.toMatchObject({
        code: 'file',
        message: expect.stringContaining('this user alone'),
      })
      expect(readdirSync(work)).toEqual([])
    }))

  it('when it is told to stop, and nothing is left', () =>
    withWorld(async (world) => {
      world.fill(0, 3_000)
      const controller = new AbortController()
      const reason = new Error('stop')
      const { policy, path, sources } = world
      const progress = (phase: string) => phase === 'copy' && queueMicrotask(() => controller.abort(reason))
      await expect(takeBackup({ policy, path, sources, signal: controller.signal, progress })).rejects.toBe(reason)
      expect(shown(world)).toEqual([])
      expect(readdirSync(join(world.target, '.gogga-backup-take-billing'))).toEqual(['lock.db'])
      expect((await world.take()).rows.ProcessedPayment).toBe(3_000)
    }))
})

describe('a process that is killed leaves nothing that looks like a backup, and the next one cleans up', () => {
  it.each(['copy.db', 'archive', 'before-store', 'before-manifest'])('at %s', (moment) =>
    withWorld(async (world) => {
      world.fill(0, 6_000)
      const first = await world.take()
      const killed = spawnSync(process.execPath, [TAKE, world.dir, moment], { encoding: 'utf8' })
      expect([killed.signal, killed.stdout]).toEqual(['SIGKILL', ''])
      expect((await listBackups(world.policy)).backups.map(({ manifest }) => manifest.id)).toEqual([first.id])
      const left = [...shown(world), ...readdirSync(join(world.target, '.gogga-backup-take-billing'))]
      expect(left.length).toBeGreaterThan(4)
      const again = spawnSync(process.execPath, [TAKE, world.dir], { encoding: 'utf8' })
      expect(again.stderr).toBe('')
      const { id, archive } = JSON.parse(again.stdout)
      expect(shown(world).sort()).toEqual(
        [first.archive, `${first.id}.json`, archive, `${id}.json`, 'history-billing.json', 'since-billing.json'].sort(),
      )
      expect(readdirSync(join(world.target, '.gogga-backup-take-billing'))).toEqual(['lock.db'])
    }),
  )
})
