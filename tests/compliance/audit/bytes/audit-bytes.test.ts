import { appendFileSync, copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import Database from 'better-sqlite3'
import { describe, expect, test } from 'vitest'
import { auditBytes, type BytesOptions } from '../../../../src/compliance/audit/bytes/audit-bytes.ts'
import { scanBytes } from '../../../../src/compliance/audit/bytes/scan.ts'
import { filesIn } from '../../../../src/compliance/audit/bytes/sources.ts'
import type { Finding } from '../../../../src/compliance/audit/finding.ts'
import { openWriter } from '../../../../src/database/connections.ts'
import type { Domain } from '../../../../src/database/domains.ts'
import { seededRandom } from '../../../../src/ops/makers.ts'
import { seed } from '../../../../src/ops/seed.ts'
import { type Databases, withDatabases, withFolder } from '../../../helpers/databases.ts'
import { emails, texts } from './found.ts'

const ANN = 'ann.canary@example.com'
const NOW = '2026-11-22T10:00:00.000+00:00'

/** Three files in which identity.db knows Ann. */
const withAnn = <T>(work: (databases: Databases) => Promise<T>): Promise<T> =>
  withDatabases((databases) => {
    write(databases, 'identity', `insert into "Contact" values ('c1', '${ANN}', '${ANN}', '${NOW}')`)
    return work(databases)
  })

/** Runs SQL without any guard, as another program would; the log is moved into the file. */
function write({ paths }: Databases, domain: Domain, ...statements: readonly string[]): void {
  const connection = new Database(paths[domain])
  connection.pragma('secure_delete = OFF')
  for (const sql of statements) connection.exec(sql)
  connection.pragma('wal_checkpoint(TRUNCATE)')
  connection.close()
}

const event = (id: string, meta: string) =>
  `insert into "SubscriptionEvent" (id, subscriptionId, userId, event, actor, meta, createdAt)
   values ('${id}', 's1', 'u1', 'activated', 'system', '${meta}', '${NOW}')`

const audit = (databases: Databases, more: Partial<BytesOptions> = {}) =>
  auditBytes({ paths: databases.paths, ...more })
const wrong = (findings: readonly Finding[]) => findings.filter(({ severity }) => severity !== 'info')
const placesOf = (findings: readonly Finding[]) =>
  wrong(findings).map(({ code, place, count }) => [code, place.file, place.path, count])

describe('auditBytes', () => {
  test('finds nothing in clean files, and says what it looked for', () =>
    withDatabases(async (databases) => {
      seed(databases.paths, { people: 300, now: Date.UTC(2026, 10, 22), random: seededRandom(5) })
      const findings = await audit(databases)
      expect(wrong(findings)).toEqual([])
      const [searched] = findings
      expect(searched?.code).toBe('bytes.searched')
      expect(searched?.message).toMatch(/^[3-9]\d\d value\(s\)/)
    }))

  test('names the table of a live page, and no value', () =>
    withAnn(async (databases) => {
      write(databases, 'billing', event('e1', `{"from":"${ANN}"}`), event('e2', ANN.toUpperCase()))
      const findings = await audit(databases)
      expect(placesOf(findings)).toEqual([['bytes.email', 'billing.db', 'page, plain', 2]])
      expect(wrong(findings)[0]?.place.table).toBe('SubscriptionEvent')
      expect(JSON.stringify(findings).toLowerCase()).not.toContain('canary')
      expect(JSON.stringify(findings)).not.toContain(databases.dir)
    }))

  test('finds what only the log holds', () =>
    withAnn(async (databases) => {
      const writer = openWriter('billing', databases.paths.billing)
      writer.exec(event('e1', ANN))
      expect(placesOf(await audit(databases))).toEqual([['bytes.email', 'billing.db-wal', 'wal, plain', 1]])
      writer.close()
    }))

  test('finds what was deleted without secure_delete', () =>
    withAnn(async (databases) => {
      const filler = Array.from({ length: 400 }, (_, at) => event(`f${at}`, `${'x'.repeat(200)}${at}`))
      const canaries = Array.from({ length: 400 }, (_, at) => event(`g${at}`, `${'y'.repeat(200)} ${ANN}`))
      const remove = `delete from "SubscriptionEvent" where meta like 'y%'`
      write(databases, 'billing', 'begin', ...filler, ...canaries, 'commit', 'pragma auto_vacuum = 0', remove)
      const places = placesOf(await audit(databases))
      expect(places.map(([code, , path]) => [code, path])).toContainEqual(['bytes.email', 'free page, plain'])
      // Where a page was emptied in part, its slack holds some.
      const total = places.reduce((sum, [, , , count]) => sum + Number(count), 0)
      expect(total).toBe(readFileSync(databases.paths.billing).toString('latin1').split(ANN).length - 1)
    }))

  test('finds what lies beyond the end, and in what lies beside', () =>
    withAnn(async (databases) => {
      const { admin } = databases.paths
      appendFileSync(admin, `${'\0'.repeat(100)}${Buffer.from(ANN).toString('base64')}`)
      writeFileSync(`${admin}-journal.old`, Buffer.from(ANN, 'utf16le'))
      writeFileSync(`${admin}.before-restore-20261122T100000Z-journal`, Buffer.from(ANN).toString('hex'))
      expect(placesOf(await audit(databases)).sort()).toEqual([
        ['bytes.email', 'admin.db', 'beyond the end, base64', 1],
        ['bytes.email', 'admin.db-journal.old', 'file, utf-16', 1],
        ['bytes.email', 'admin.db.before-restore-20261122T100000Z-journal', 'journal, hex', 1],
      ])
    }))

  test('tells addresses among digits from others', () =>
    withDatabases(async (databases) => {
      const log = (id: string, ip: string) =>
        `insert into "AuthLog" values ('${id}', null, 'x', '${ip}', null, '${NOW}')`
      write(databases, 'identity', log('a', '41.13.2.5'), log('b', '127.0.0.1'))
      write(databases, 'billing', event('e1', '41.13.2.5'), event('e2', '141.13.2.50'), event('e3', '127.0.0.1'))
      const findings = await audit(databases)
      expect(placesOf(findings).sort()).toEqual([
        ['bytes.ip', 'billing.db', 'page, plain', 1],
        ['bytes.ip-unclear', 'billing.db', 'page, plain', 1],
      ])
      expect(findings.at(-1)?.message).toContain('0 too short, 0 without an address or number, 1 addresses')
    }))

  test('looks for what detectors find in free text, and for what was detached', () =>
    withDatabases(async (databases) => {
      write(
        databases,
        'identity',
        `insert into "AuthLog" values ('a', null, 'x', null, '{"tried":"${ANN}"}', '${NOW}')`,
        `insert into "DetachedValue" values ('d', 'phone', '0821234567', '0821234567', false, 'p', 'r', '${NOW}')`,
      )
      write(databases, 'admin', 'create table other (note text)', `insert into other values ('0821234567, ${ANN}')`)
      expect(placesOf(await audit(databases)).sort()).toEqual([
        ['bytes.email', 'admin.db', 'page, plain', 1],
        ['bytes.phone', 'admin.db', 'page, plain', 1],
      ])
    }))

  test('searches backups as they are unpacked, and tells which it could not open', () =>
    withAnn(async (databases) => {
      const chunks = [Buffer.alloc(700_000, 1), Buffer.from(`..${ANN.slice(0, 9)}`), Buffer.from(ANN.slice(9))]
      const read = (name: string, open: () => AsyncIterable<Buffer>) => ({ name, kind: 'database' as const, open })
      const findings = await audit(databases, {
        backups: [
          read('backup 1', async function* () {
            yield* chunks
          }),
          read('backup 2', async function* () {
            yield Buffer.from('something')
            throw new Error('no key with this id is configured')
          }),
          read('backup 3', () => {
            throw new Error('the store cannot be read')
          }),
          read('backup 4', async function* () {
            for (let at = 0; at < 40; at++) yield Buffer.from(`${'-'.repeat(99_999)}${ANN}`)
          }),
        ],
      })
      expect(placesOf(findings)).toEqual([
        ['bytes.email', 'backup 1', 'file, plain', 1],
        ['bytes.email', 'backup 4', 'file, plain', 40],
        ['bytes.unread', 'backup 2', undefined, 1],
        ['bytes.unread', 'backup 3', undefined, 1],
      ])
      expect(JSON.stringify(findings)).toContain('no key with this id')
    }))

  test('searches other folders, and says when a file could not be read', () =>
    withAnn(async (databases) => {
      const logs = join(databases.dir, 'logs')
      expect(filesIn(logs)).toEqual([])
      const folder = dirname(databases.paths.billing)
      writeFileSync(join(folder, 'app.log'), `{"msg":"mail to ${encodeURIComponent(ANN)}"}`)
      const missing = { name: 'gone.db', kind: 'database' as const, path: join(folder, 'gone.db') }
      const goneLog = { name: 'gone.db-wal', kind: 'wal' as const, path: join(folder, 'gone.db-wal') }
      const findings = await audit(databases, { others: [missing, goneLog] })
      expect(placesOf(findings)).toEqual([
        ['bytes.email', 'app.log', 'file, percent', 1],
        ['bytes.unread', 'gone.db', undefined, 1],
      ])
      expect(JSON.stringify(findings)).not.toContain(databases.dir)
    }))

  test('looks for no word that stands where an address is missing', () =>
    withAnn(async (databases) => {
      const signIn = (id: string, ip: string) =>
        `insert into "AuthLog" (id, action, ip, createdAt) values ('${id}', 'login', '${ip}', '${NOW}')`
      write(databases, 'identity', signIn('l1', 'unknown'), signIn('l2', '41.13.2.5, 41.13.2.6'))
      write(databases, 'billing', event('e1', '{"reason":"unknown, from 41.13.2.6"}'))
      const findings = await audit(databases)
      expect(placesOf(findings)).toEqual([['bytes.ip', 'billing.db', 'page, plain', 1]])
      expect(findings.find(({ code }) => code === 'bytes.not-searched')?.message).toContain('1 without an address')
    }))

  test('looks into folders and what is compressed, and tells what it does not look into', () =>
    withAnn(async (databases) => {
      const folder = dirname(databases.paths.billing)
      mkdirSync(join(folder, 'old/older'), { recursive: true })
      writeFileSync(join(folder, 'old/older/a.csv'), ANN)
      writeFileSync(join(folder, 'b.csv.gz'), gzipSync(ANN))
      writeFileSync(join(folder, 'c.csv.zst'), zstdCompressSync(ANN))
      writeFileSync(join(folder, 'd.zip'), Buffer.from('504b0304aa', 'hex'))
      writeFileSync(join(databases.dir, 'elsewhere'), ANN)
      symlinkSync(join(databases.dir, 'elsewhere'), join(folder, 'e'))
      mkdirSync(join(folder, 'backups'))
      writeFileSync(join(folder, 'backups/f'), ANN)
      const findings = await audit(databases, { folders: [join(folder, 'backups')] })
      expect(placesOf(findings)).toEqual([
        ['bytes.email', 'b.csv.gz', 'file, plain', 1],
        ['bytes.email', 'c.csv.zst', 'file, plain', 1],
        ['bytes.email', 'old/older/a.csv', 'file, plain', 1],
        ['bytes.unread', 'd.zip', undefined, 1],
        ['bytes.unread', 'e', undefined, 1],
      ])
    }))

  test('leaves identity.db alone where it shares a folder', () =>
    withAnn(async ({ dir, paths }) => {
      const shared = {
        identity: join(dir, 'identity.db'),
        billing: join(dir, 'billing.db'),
        admin: join(dir, 'admin.db'),
      }
      for (const domain of ['identity', 'billing', 'admin'] as const) copyFileSync(paths[domain], shared[domain])
      writeFileSync(`${shared.billing}-journal`, ANN)
      expect(placesOf(await auditBytes({ paths: shared }))).toEqual([
        ['bytes.email', 'billing.db-journal', 'journal, plain', 1],
      ])
    }))

  test('fails where identity.db cannot be read', () =>
    withAnn(async (databases) => {
      writeFileSync(databases.paths.identity, 'no database at all, by no means')
      await expect(audit(databases)).rejects.toMatchObject({ code: 'file' })
    }))
})

describe('scanBytes', () => {
  const source = (path: string) => ({ name: 'a file', kind: 'database' as const, path })

  test('searches any file for any values', () =>
    withFolder(async (dir) => {
      const path = join(dir, 'some')
      writeFileSync(path, `a canary-7f3a and ${ANN}`)
      const needles = { values: [...emails(ANN), ...texts('canary-7F3A')] }
      const hits = await scanBytes({ needles, files: [source(path)] })
      expect(hits.map(({ kind, count, where }) => [kind, count, where]).sort()).toEqual([
        ['email', 1, 'file'],
        ['text', 1, 'file'],
      ])
    }))

  test('throws for a file that cannot be read', () =>
    withFolder(async (dir) => {
      const scan = scanBytes({ needles: { values: emails(ANN) }, files: [source(join(dir, 'none'))] })
      await expect(scan).rejects.toThrow('a file could not be searched: ENOENT')
    }))

  test('tells how far it is, and stops when it is told to', () =>
    withFolder(async (dir) => {
      const path = join(dir, 'large')
      writeFileSync(path, Buffer.alloc(30 << 20))
      const seen: number[] = []
      const needles = { values: emails(ANN) }
      await scanBytes({ needles, files: [source(path)], onProgress: (bytes) => seen.push(bytes) })
      expect(seen.at(-1)).toBe(30 << 20)
      const stop = new AbortController()
      const scan = scanBytes({
        needles,
        files: [source(path)],
        onProgress: () => stop.abort(new Error('enough')),
        signal: stop.signal,
      })
      await expect(scan).rejects.toThrow('enough')
    }))

  test('leaves locks of open databases alone', () =>
    withDatabases(async ({ paths }) => {
      const writer = new Database(paths.billing)
      writer.pragma('journal_mode = DELETE')
      writer.exec('begin immediate')
      await scanBytes({ needles: { values: emails(ANN) }, files: [source(paths.billing)] })
      const other = new Database(paths.billing, { timeout: 0 })
      expect(() => other.exec('begin immediate')).toThrow('locked')
      other.close()
      writer.close()
    }))
})
