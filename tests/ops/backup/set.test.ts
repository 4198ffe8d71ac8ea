import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import { openWriter } from '../../../src/database/connections.ts'
import { DOMAINS, type Domain } from '../../../src/database/domains.ts'
import { fetchBackup } from '../../../src/ops/backup/fetch.ts'
import { listBackups } from '../../../src/ops/backup/list.ts'
import { type Policies, readPolicies } from '../../../src/ops/backup/policy.ts'
import { barrierOf, type TakenSet, takeSet } from '../../../src/ops/backup/set.ts'
import { verifyBackup } from '../../../src/ops/backup/verify.ts'
import { workPath } from '../../../src/ops/backup/work-folder.ts'
import { gogga } from '../../commands/gogga-child.ts'
import { type Databases, withDatabases } from '../../helpers/databases.ts'
import { backupSources, START } from './world.ts'

const MOVER = join(import.meta.dirname, 'children/mover.ts')
const PURSE = 1_000_000

const setOf = (
  { dir, paths }: Databases,
  policies: Policies = readPolicies({ dataDir: dir }),
  sources = backupSources(),
) => takeSet({ policies, paths, sources, elapsed: () => performance.now() })

/** A purse in each file, and rows that make the copy last while others write. */
function fillPurses({ paths }: Databases): void {
  for (const domain of DOMAINS) {
    const writer = openWriter(domain, paths[domain])
    writer.pragma('synchronous = OFF')
    writer.exec(`create table "Purse" (credits integer, padding text)`)
    writer.exec(`insert into "Purse" values (${PURSE}, null)`)
    writer.exec(`create table "Padding" (bytes blob)`)
    writer.exec(`with recursive n(i) as (select 1 union all select i + 1 from n where i < 3000)
                 insert into "Padding" select randomblob(3000) from n`)
    writer.close()
  }
}

interface Message {
  readonly id: string
  readonly target: Domain
  readonly payload: string
}

/** What is in the purses and on its way between them. */
async function creditsIn(taken: TakenSet, { dir }: Databases): Promise<number> {
  const files = new Map<Domain, Database.Database>()
  for (const manifest of taken.backups) {
    const target = join(dir, `${manifest.id}-restored.db`)
    await fetchBackup({ policy: readPolicies({ dataDir: dir })[manifest.domain], manifest, target })
    files.set(manifest.domain, new Database(target))
  }
  const credits = [...files.values()].map((file) => file.prepare('select credits from "Purse"').pluck().get() as number)
  const sent = [...files.values()].flatMap((file) => file.prepare('select * from "OutboxMessage"').all() as Message[])
  const isReceived = ({ target, id }: Message) =>
    files.get(target)?.prepare('select 1 from "InboxMessage" where id = ?').get(id)
  const waiting = sent.filter((message) => !isReceived(message)).map(({ payload }) => Number(payload))
  for (const file of files.values()) {
    expect(file.prepare(`select id from "InboxMessage" where type = 'barrier'`).pluck().all()).toEqual([
      barrierOf(taken.set),
    ])
    file.close()
  }
  return [...credits, ...waiting].reduce((sum, one) => sum + one, 0)
}

describe('a set', () => {
  it('is of one moment in all three files while credits move between them', () =>
    withDatabases(async (databases) => {
      fillPurses(databases)
      const child = spawn(process.execPath, [MOVER, databases.dir], { stdio: ['pipe', 'pipe', 'inherit'] })
      await once(child.stdout, 'data')
      const sets: TakenSet[] = []
      for (let nth = 0; nth < 4; nth++) {
        const sources = backupSources(new Date(START.getTime() + nth * 60_000))
        sets.push(await setOf(databases, undefined, sources))
      }
      child.stdin.end()
      await once(child, 'exit')
      expect(child.exitCode).toBe(0)
      for (const taken of sets) expect(await creditsIn(taken, databases)).toBe(3 * PURSE)
      const moved = sets.map(({ backups }) => backups[1]?.inbox.rows ?? 0)
      expect(moved).toEqual([...new Set(moved)].sort((a, b) => a - b))
    }))

  it('names its backups, which pass every check', () =>
    withDatabases(async (databases) => {
      const policies = readPolicies({ dataDir: databases.dir })
      const taken = await setOf(databases)
      expect(taken.set).toBe('20260601T120000Z-id1')
      expect(taken.backups.map(({ domain }) => domain)).toEqual(DOMAINS)
      for (const domain of DOMAINS) {
        const { backups } = await listBackups(policies[domain])
        expect(backups).toHaveLength(1)
        const [backup] = backups
        if (!backup) continue
        expect(backup.manifest).toMatchObject({ set: taken.set, heldMs: taken.heldMs, takenAt: START.toISOString() })
        expect(await verifyBackup({ policy: policies[domain], backup, sources: backupSources() })).toMatchObject({
          findings: [],
        })
        expect(readdirSync(workPath(policies[domain], 'set'))).toEqual(['lock.db'])
      }
    }))

  it('lets go of the files that it has where another one is busy, and tries again', () =>
    withDatabases(async (databases) => {
      const connections = DOMAINS.map((domain) => openWriter(domain, databases.paths[domain]))
      const [identity, billing, admin] = connections
      const sources = backupSources()
      let times = 0
      const now = () => {
        times += 1
        // Once for the name, once for each barrier, then once for each try.
        if (times === 5) admin?.exec('begin immediate')
        for (const writer of times > 5 ? [identity, billing] : []) writer?.exec('begin immediate; rollback')
        if (times === 7) admin?.exec('rollback')
        return sources.now()
      }
      const taken = await setOf(databases, undefined, { ...sources, now })
      expect(taken.backups).toHaveLength(3)
      expect(times).toBeGreaterThan(7)
      for (const connection of connections) connection.close()
    }))

  it('leaves none of its backups where one of them fails', () =>
    withDatabases(async (databases) => {
      const policies = readPolicies({ dataDir: databases.dir })
      const broken = { ...policies, admin: { ...policies.admin, keyFile: join(databases.dir, 'no.key') } }
      await expect(setOf(databases, broken)).rejects.toThrow(/no\.key/)
      for (const domain of DOMAINS) expect((await listBackups(policies[domain])).backups).toEqual([])
      expect(existsSync(join(databases.dir, 'backups/identity/history-identity.json'))).toBe(true)
      expect((await setOf(databases)).backups).toHaveLength(3)
    }))
})

describe('gogga backup --set', () => {
  it('takes a set, which the list shows', () =>
    withDatabases(async ({ dir }) => {
      const taken = await gogga(dir, 'backup', '--set', '--json')
      expect(taken.code).toBe(0)
      const { set, heldMs, backups } = JSON.parse(taken.out) as TakenSet
      expect(heldMs).toBeGreaterThan(0)
      expect(backups.map((backup) => backup.set)).toEqual([set, set, set])
      const listed = await gogga(dir, 'backup', 'list')
      expect(listed.out.split('\n').filter((line) => line.endsWith(`  set ${set}`))).toHaveLength(3)
    }))

  it.each([['billing'], ['--all'], ['--schedule']])('is refused with %s', (word) =>
    withDatabases(async ({ dir }) => {
      const refused = await gogga(dir, 'backup', '--set', word)
      expect(refused).toMatchObject({ code: 2, err: expect.stringContaining('always of all three files') })
    }),
  )
})
