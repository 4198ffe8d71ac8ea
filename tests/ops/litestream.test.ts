// The configuration of Litestream, and the real Litestream with it: what is left when everything is killed.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import Database from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { pathInFolder } from '../../src/config.ts'
import { openFile } from '../../src/database/clients.ts'
import { DOMAINS, type Domain } from '../../src/database/domains.ts'
import { readPolicies } from '../../src/ops/backup/policy.ts'
import { takeBackup } from '../../src/ops/backup/take.ts'
import { verifyBackup } from '../../src/ops/backup/verify.ts'
import { litestreamConfig, replicationOf } from '../../src/ops/litestream.ts'
import { gogga } from '../commands/gogga-child.ts'
import { type Databases, withDatabases, withFolder } from '../helpers/databases.ts'
import { backupSources } from './backup/world.ts'

const WRITER = join(import.meta.dirname, 'children/replicated-writer.ts')
const LITESTREAM = binary()
const PROMISED_MS = 2_000
const PER_SECOND = 1_000

/** Only some platforms have it; the package is optional. */
function binary(): string | undefined {
  try {
    const path = join(
      dirname(createRequire(import.meta.url).resolve('@flydotio/litestream-linux-x64/package.json')),
      'litestream',
    )
    return existsSync(path) ? path : undefined
  } catch {
    return undefined
  }
}

function configOf(dir: string, where?: string, domains: readonly Domain[] = DOMAINS): string {
  const policies = readPolicies({ dataDir: dir })
  return litestreamConfig(domains.map((domain) => replicationOf(policies[domain], pathInFolder(dir, domain), where)))
}

describe('the configuration', () => {
  it('has an entry per file, beside its backups where no place is named', () => {
    const { dbs } = parse(configOf('/srv/data'))
    expect(dbs).toHaveLength(3)
    expect(dbs[1]).toEqual({
      path: '/srv/data/billing/billing.db',
      'monitor-interval': '250ms',
      replicas: [
        {
          type: 'file',
          path: '/srv/data/backups/billing/litestream',
          'sync-interval': '500ms',
          'snapshot-interval': '12h',
          retention: '72h',
        },
      ],
    })
    expect(new Set(dbs.map(({ replicas }: { replicas: object[] }) => JSON.stringify(replicas))).size).toBe(3)
  })

  it('names a bucket, with what the policy says of it, and no key', () =>
    withFolder((dir) => {
      const file = join(dir, 'policy.json')
      const bucket = {
        kind: 's3',
        bucket: 'b',
        prefix: 'gogga',
        endpoint: 'https://s3.example',
        credentialsFile: 'keys.json',
      }
      writeFileSync(file, JSON.stringify({ billing: { target: bucket } }))
      const { billing, admin } = readPolicies({ file, dataDir: dir })
      const replicaOf = (policy: typeof billing, where?: string) =>
        parse(litestreamConfig([replicationOf(policy, '/billing.db', where)])).dbs[0].replicas[0]
      const server = { type: 's3', region: 'us-east-1', endpoint: 'https://s3.example', 'force-path-style': true }
      const times = { 'sync-interval': '500ms', 'snapshot-interval': '12h', retention: '72h' }
      expect(replicaOf(billing)).toEqual({ ...server, ...times, bucket: 'b', path: 'gogga/litestream' })
      expect(replicaOf(billing, 's3://other/deep/er/')).toEqual({
        ...server,
        ...times,
        bucket: 'other',
        path: 'deep/er/billing',
      })
      expect(replicaOf(admin, 's3://other')).toMatchObject({ type: 's3', bucket: 'other', path: 'admin' })
      expect(() => replicaOf(admin, 's3://')).toThrow('Expected s3://BUCKET/PREFIX')
      expect(() => replicaOf(admin, '/with$HOME')).toThrow('has a $ in it')
    }))

  it('of deploy/ is as the command writes it', () => {
    const shipped = readFileSync(join(import.meta.dirname, '../../deploy/litestream.yml'), 'utf8')
    expect(shipped).toBe(configOf('/data', '/replica', ['billing']))
  })

  it('is printed, or written to a file', () =>
    withFolder(async (dir) => {
      const printed = await gogga(dir, 'litestream-config', 'billing')
      expect(printed).toEqual({ code: 0, err: '', out: configOf(dir, undefined, ['billing']) })
      const out = join(dir, 'litestream.yml')
      const written = await gogga(dir, 'litestream-config', '--replica', 'here', '--out', 'litestream.yml', '--json')
      expect(written).toMatchObject({ code: 0, err: expect.stringContaining('identity.db holds personal information') })
      expect(JSON.parse(written.out)).toMatchObject({ out, replications: [{}, {}, {}] })
      expect(readFileSync(out, 'utf8')).toBe(configOf(dir, join(dir, 'here')))
      expect((await gogga(dir, 'litestream-config', 'everything')).code).toBe(2)
    }))
})

interface Acknowledged {
  readonly nth: number
  readonly at: number
}

interface Writer {
  readonly child: ChildProcess
  readonly acknowledged: Acknowledged[]
  /** Resolves when so many rows were acknowledged. */
  reached(rows: number): Promise<void>
  readonly ended: Promise<unknown>
}

function startWriter(path: string, first = 0): Writer {
  const child = spawn(process.execPath, [WRITER, path, String(PER_SECOND), String(first)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const acknowledged: Acknowledged[] = []
  const waiting: { rows: number; resolve: () => void }[] = []
  const lines = createInterface(child.stdout)
  lines.on('line', (line) => {
    const [, nth, at] = /^payment-(\d+) (\d+)$/.exec(line) ?? []
    if (at === undefined) return
    acknowledged.push({ nth: Number(nth), at: Number(at) })
    for (const { rows, resolve } of waiting) if (acknowledged.length >= rows) resolve()
  })
  const reached = (rows: number) => new Promise<void>((resolve) => waiting.push({ rows, resolve }))
  return { child, acknowledged, reached, ended: Promise.all([once(child, 'exit'), once(lines, 'close')]) }
}

describe.runIf(LITESTREAM)('the real Litestream', () => {
  const litestream = (...args: readonly string[]) => spawnSync(LITESTREAM ?? '', args, { encoding: 'utf8' })

  function startLitestream(config: string, { dir }: Databases): ChildProcess {
    const log = openSync(join(dir, 'litestream.log'), 'a')
    const child = spawn(LITESTREAM ?? '', ['replicate', '-config', config], { stdio: ['ignore', log, log] })
    closeSync(log)
    return child
  }

  const withReplica = (work: (databases: Databases, config: string) => Promise<void>) =>
    withDatabases(async (databases) => {
      const config = join(databases.dir, 'litestream.yml')
      writeFileSync(config, configOf(databases.dir, join(databases.dir, 'replica'), ['billing']))
      await work(databases, config)
    })

  const generations = ({ dir }: Databases) => readdirSync(join(dir, 'replica/billing/generations'))

  /** billing.db is gone with everything beside it; it comes from the replica alone. */
  function restore({ paths }: Databases, config: string): number[] {
    rmSync(dirname(paths.billing), { recursive: true })
    const restored = litestream('restore', '-config', config, paths.billing)
    expect(restored.status, restored.stderr + restored.stdout).toBe(0)
    const file = new Database(paths.billing)
    expect(file.pragma('integrity_check', { simple: true })).toBe('ok')
    expect(file.pragma('foreign_key_check')).toEqual([])
    const ids = file.prepare('select id from "ProcessedPayment"').pluck().all() as string[]
    file.close()
    return ids.map((id) => Number(id.replace('payment-', ''))).sort((a, b) => a - b)
  }

  it('reads the configuration', () =>
    withFolder((dir) => {
      const config = join(dir, 'litestream.yml')
      writeFileSync(config, configOf(dir) + configOf(dir, 's3://bucket/prefix').split('dbs:\n')[1])
      const { status, stdout } = litestream('databases', '-config', config)
      expect(status).toBe(0)
      const rows = stdout.trim().split('\n').slice(1)
      expect(rows.map((row) => row.split(/\s+/)[1])).toEqual(['file', 'file', 'file', 's3', 's3', 's3'])
      expect(rows[1]).toContain(pathInFolder(dir, 'billing'))
    }))

  it('loses at most 2 s of acknowledged rows when everything is killed', ({ annotate }) =>
    withReplica(async (databases, config) => {
      const replicating = startLitestream(config, databases)
      const writer = startWriter(databases.paths.billing)
      await writer.reached(4 * PER_SECOND)
      const killedAt = Date.now()
      writer.child.kill('SIGKILL')
      replicating.kill('SIGKILL')
      await Promise.all([writer.ended, once(replicating, 'exit')])

      const there = restore(databases, config)
      const missing = writer.acknowledged.filter(({ nth }) => nth >= there.length)
      const oldest = Math.max(0, ...missing.map(({ at }) => killedAt - at))
      await annotate(
        `${missing.length} of ${writer.acknowledged.length} rows lost, the oldest ${oldest} ms before the end`,
      )
      // What is there is everything up to a moment, without a gap.
      expect(there).toEqual(there.map((_, nth) => nth))
      expect(there.length).toBeGreaterThan(PER_SECOND)
      expect(oldest).toBeLessThanOrEqual(PROMISED_MS)
    }))

  it('goes on in one generation while servers start and stop, and what it restores can be served and backed up', () =>
    withReplica(async (databases, config) => {
      const { dir, paths } = databases
      const replicating = startLitestream(config, databases)
      let rows = 0
      for (let run = 0; run < 3; run++) {
        const writer = startWriter(paths.billing, rows)
        await writer.reached(PER_SECOND / 2)
        writer.child.stdin?.end('close\n')
        await writer.ended
        expect(writer.child.exitCode).toBe(0)
        rows += writer.acknowledged.length
      }
      replicating.kill('SIGTERM')
      await once(replicating, 'exit')
      expect(generations(databases)).toHaveLength(1)

      expect(restore(databases, config)).toEqual(Array.from({ length: rows }, (_, nth) => nth))
      await using file = await openFile('billing', paths.billing, { busyTimeoutMs: 1_000, cacheMb: 8 })
      expect(await file.client.processedPayment.count()).toBe(rows)
      const [policy, sources] = [readPolicies({ dataDir: dir }).billing, backupSources()]
      const manifest = await takeBackup({ policy, path: paths.billing, sources })
      expect(await verifyBackup({ policy, backup: { manifest }, sources })).toMatchObject({ findings: [] })
    }))
})
