// The commands as processes, as operations staff use them.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { openWriter } from '../../src/database/connections.ts'
import { type Databases, withDatabases } from '../helpers/databases.ts'

const GOGGA = join(import.meta.dirname, '../../scripts/gogga.ts')

function start({ dir }: Databases, ...args: readonly string[]) {
  const policy = join(dir, 'policy.json')
  const env = { ...process.env, GOGGA_DATA_DIR: dir, GOGGA_BACKUP_POLICY: policy }
  return spawn(process.execPath, [GOGGA, 'backup', ...args], { env })
}

async function gogga(databases: Databases, ...args: readonly string[]) {
  const child = start(databases, ...args)
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')])
  return { code: child.exitCode, out, err }
}

const withPolicy = <T>(policy: object, work: (databases: Databases) => Promise<T>): Promise<T> =>
  withDatabases((databases) => {
    writeFileSync(join(databases.dir, 'policy.json'), JSON.stringify(policy))
    return work(databases)
  })

/** So that its copy takes long enough for whoever looks from outside. */
function enlarge({ paths }: Databases): void {
  const writer = openWriter('billing', paths.billing)
  const insert = writer.prepare('insert into "InboxMessage" (id, type) values (?, ?)')
  writer.transaction(() => {
    for (let nth = 0; nth < 100_000; nth++) insert.run(`message-${nth}`, 'x'.repeat(100))
  })()
  writer.close()
}

describe('gogga backup', () => {
  it('goes on with --all where one file fails, and says which', () =>
    withPolicy({}, async (databases) => {
      writeFileSync(databases.paths.billing, 'no database')
      const { code, out, err } = await gogga(databases, '--all', '--json')
      expect(code).toBe(1)
      expect(JSON.parse(out)).toMatchObject({
        backups: [{ domain: 'identity' }, { domain: 'admin' }],
        failures: [{ domain: 'billing', code: 'file' }],
      })
      expect(err).toMatch(/^gogga: billing\.db/m)
    }))

  it('backs up, lists, checks, prunes and compares with the promise', () =>
    withPolicy({}, async (databases) => {
      const taken = await gogga(databases, 'billing', '--json')
      expect(taken.code).toBe(0)
      const [manifest] = JSON.parse(taken.out).backups
      expect(manifest).toMatchObject({ domain: 'billing', encryption: null })
      expect(readdirSync(join(databases.dir, 'backups'))).toEqual(['billing'])

      const listed = await gogga(databases, 'list', 'billing')
      expect(listed.out).toMatch(new RegExp(`^${manifest.id}  0\\.0 MiB  not encrypted  not verified yet\n$`))
      const checked = await gogga(databases, 'verify', '--newest', 'billing')
      expect(checked).toMatchObject({ code: 0, out: expect.stringMatching(new RegExp(`^passed ${manifest.id} in `)) })
      expect((await gogga(databases, 'list', 'billing')).out).toMatch(/ {2}verified 20/)
      expect((await gogga(databases, 'prune', 'billing')).out).toBe('billing: removed 0 (0.0 MiB), kept 1\n')
      const kept = await gogga(databases, 'promises', 'billing')
      expect(kept).toMatchObject({ code: 0, out: expect.stringContaining('promised 15 min') })

      const archive = join(databases.dir, 'backups/billing', manifest.archive)
      writeFileSync(archive, readFileSync(archive).fill(1, 50, 60))
      const failed = await gogga(databases, 'verify', manifest.id)
      expect(failed.code).toBe(1)
      expect(failed.out).toMatch(/^FAILED .*\n {2}.*damaged/)
      const alarm = await gogga(databases, 'promises', 'billing', '--json')
      expect(alarm.code).toBe(1)
      expect(JSON.parse(alarm.out).alarms.map(({ code }: { code: string }) => code)).toEqual(['missed', 'failed-check'])
    }))

  it('backs all three up, and says loudly that identity.db is not encrypted', () =>
    withPolicy({ admin: { keyFile: 'admin.key' } }, async (databases) => {
      writeFileSync(join(databases.dir, 'admin.key'), 'ab'.repeat(32))
      const { code, out, err } = await gogga(databases, '--all')
      expect(code).toBe(0)
      expect(out.split('\n').map((line) => line.split('-')[0])).toEqual(['identity', 'billing', 'admin', ''])
      expect(err).toMatch(/^WARNING: backups of identity\.db are NOT ENCRYPTED and hold personal information/)
      expect(err).toMatch(/^Backups of billing\.db are not encrypted/m)
      expect(err).not.toMatch(/admin\.db (is|are) not encrypted/)
      expect((await gogga(databases, 'list', 'admin')).out).toMatch(/ {2}key [0-9a-f]{8} {2}/)
    }))

  it('says with --dry-run what it would do, and does nothing', () =>
    withPolicy({}, async (databases) => {
      const { code, out } = await gogga(databases, 'billing', 'admin', '--dry-run')
      expect(code).toBe(0)
      expect(out).toMatch(/^Would back up billing\.db at .*\nWould back up admin\.db at .*, not encrypted\.\n$/)
      expect(readdirSync(databases.dir)).not.toContain('backups')
    }))

  it.each([
    ['no file', [], /backup needs to know which files/],
    ['a file that is none', ['users'], /Expected one of identity, billing, admin, got "users"/],
    ['a check of nothing', ['verify'], /needs the id of a backup, or --newest/],
    [
      'a check of both',
      ['verify', 'billing-20260601T120000Z-a', '--newest', 'billing'],
      /needs the id of a backup, or/,
    ],
    ['the newest of nothing', ['verify', '--newest', 'users'], /needs the id of a backup, or --newest with identity/],
  ])('refuses %s, exit code 2', (_name, args, says) =>
    withPolicy({}, async (databases) => {
      expect(await gogga(databases, ...args)).toMatchObject({ code: 2, out: '', err: expect.stringMatching(says) })
    }),
  )

  it('does not find what is not there, exit code 1', () =>
    withPolicy({}, async (databases) => {
      const unknown = await gogga(databases, 'verify', 'billing-20260601T120000Z-abc')
      expect(unknown).toMatchObject({ code: 1, err: expect.stringContaining('No backup has the id') })
      expect(await gogga(databases, 'verify', '--newest', 'admin')).toMatchObject({
        code: 1,
        err: expect.stringContaining('no good backup'),
      })
    }))

  it('names what is wrong with a policy, exit code 2', () =>
    withPolicy({ billing: { schedule: 'now and then' } }, async (databases) => {
      expect(await gogga(databases, 'list')).toMatchObject({
        code: 2,
        err: expect.stringMatching(/does not fit\n {2}billing\.schedule: must be a cron/),
      })
    }))
})

/** Files that a process has open, Linux. */
const openFiles = (pid: number): string[] =>
  readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/${pid}/fd/${fd}`)]
    } catch {
      return []
    }
  })

describe('gogga backup --schedule', () => {
  it.runIf(process.platform === 'linux')(
    'opens no file but its own, logs each step, calls the heartbeat and ends on SIGTERM',
    async () => {
      const beats: string[] = []
      const opened = new Set<string>()
      const server = createServer((request, response) => {
        beats.push(request.url ?? '')
        response.end()
      }).listen(0, '127.0.0.1')
      await once(server, 'listening')
      const heartbeatUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/billing`
      await withPolicy({ billing: { heartbeatUrl } }, async (databases) => {
        enlarge(databases)
        const child = start(databases, 'billing', '--schedule')
        const watch = setInterval(() => {
          for (const file of child.pid === undefined ? [] : openFiles(child.pid))
            if (file.includes('.db')) opened.add(file)
        }, 1)
        const events: { event: string; until?: string }[] = []
        for await (const line of createInterface({ input: child.stdout })) {
          events.push(JSON.parse(line))
          if (events.at(-1)?.event === 'waiting') child.kill('SIGTERM')
        }
        clearInterval(watch)
        if (child.exitCode === null) await once(child, 'exit')
        expect(child.exitCode).toBe(0)
        expect(events.map(({ event }) => event)).toEqual(['backup', 'pruned', 'verified', 'heartbeat', 'waiting'])
        expect(events.at(-1)?.until).toMatch(/T\d\d:(00|15|30|45):00\.000Z$/)
        expect([...opened].some((file) => file.startsWith(databases.paths.billing))).toBe(true)
        const others = [...opened].filter((file) => !file.includes('/billing/'))
        expect(others).toEqual([])
        expect(readdirSync(join(databases.dir, 'identity'))).toEqual(['identity.db'])
      })
      expect(beats).toEqual(['/billing'])
      server.close()
    },
  )
})
