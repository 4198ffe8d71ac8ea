// `gogga audit verify`, `audit heads` and `audit public-key` as processes, on files with rows in their logs.
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, it, vi } from 'vitest'
import { servedWork } from '../../src/commands/served-work.ts'
import { listHeads } from '../../src/compliance/chain/heads.ts'
import { readSigningKey } from '../../src/compliance/signing.ts'
import { readConfig } from '../../src/config.ts'
import { createContext } from '../../src/context.ts'
import { openFile } from '../../src/database/clients.ts'
import { makeKey } from '../compliance/chain/world.ts'
import { type Databases, withDatabases } from '../helpers/databases.ts'
import { plant } from '../ops/check/planting.ts'
import { gogga } from './gogga-child.ts'

const SLOW = { timeout: 120_000 }

afterEach(() => void vi.unstubAllEnvs())

async function withLogs(work: (databases: Databases, key: string) => Promise<void>): Promise<void> {
  await withDatabases(async (databases) => {
    {
      await using file = await openFile('admin', databases.paths.admin, { busyTimeoutMs: 1_000, cacheMb: 4 })
      await file.change((tx) => {
        for (const id of ['a', 'b'])
          tx.insert('AdminLog', { id, adminId: 'boss', action: 'login', createdAt: new Date() })
      })
    }
    const key = makeKey(databases.dir)
    vi.stubEnv('GOGGA_SIGNING_KEY_FILE', key)
    await work(databases, key)
  })
}

it('sign, verify and tell what was changed, exit code 1', SLOW, () =>
  withLogs(async (databases) => {
    const { dir } = databases
    expect(await gogga(dir, 'audit', 'heads')).toEqual({ code: 0, out: '', err: '' })
    const signed = await gogga(dir, 'audit', 'heads', '--sign')
    expect([signed.code, signed.err]).toEqual([0, ''])
    expect(signed.out).toMatch(/ admin-000001 position 2 [0-9a-f]{16}… signed with [0-9a-f]{16}\n/)
    expect(signed.out).toMatch(/\nOnly what came since the last head was checked; "gogga audit verify" checks all\.\n$/)
    const good = await gogga(dir, 'audit', 'verify')
    expect(good.code).toBe(0)
    expect(good.out).toMatch(/^admin\.db, AdminLog: 2 link\(s\), 2 row\(s\) intact, .*newest head admin-000001 of /m)
    expect(good.out).toMatch(/\nThe logs are as they were written\.\n$/)
    plant(databases, 'admin', `update "AdminLog" set adminId = 'x' where id = 'b'`)
    const bad = await gogga(dir, 'audit', 'verify')
    expect(bad.code).toBe(1)
    expect(bad.out).toMatch(/^high: admin\.db AdminLog: 1 row\(s\) are not as they were written, the first b$/m)
    const report = JSON.parse((await gogga(dir, 'audit', 'verify', '--json')).out)
    expect(report).toMatchObject({ passed: false, findings: [{ code: 'chain.row-changed', rows: ['b'], position: 2 }] })
    plant(databases, 'admin', `update "AdminLog" set chainPosition = null, chainHash = null where id = 'b'`)
    const refused = await gogga(dir, 'audit', 'heads', '--sign')
    expect([refused.code, refused.err]).toEqual([
      1,
      expect.stringContaining('gogga audit heads --sign --accept admin\n'),
    ])
    expect(refused.err).toMatch(
      /^admin\.db gets no head: the chain does not lead to the head admin-000001 of position 2\.$/m,
    )
    expect(refused.out.match(/-00000[12] /g)).toHaveLength(5)
    expect((await gogga(dir, 'audit', 'heads', '--sign', '--accept', 'admin')).out).toContain(
      ' admin-000002 position 1 ',
    )
    plant(databases, 'admin', 'drop table "ChainLink"')
    const dropped = await gogga(dir, 'audit', 'verify')
    expect([dropped.code, dropped.err]).toEqual([1, expect.not.stringContaining('unexpected')])
    expect(dropped.out).toMatch(/^high: admin\.db ChainLink: The table ChainLink is gone from admin\.db$/m)
  }),
)

it('give a reviewer what needs neither our key nor our files', SLOW, () =>
  withLogs(async (databases, key) => {
    const { dir } = databases
    const [kept, pem] = [join(dir, 'heads.jsonl'), join(dir, 'gogga.pem')]
    await gogga(dir, 'audit', 'heads', '--sign', '--json')
    const exported = await gogga(dir, 'audit', 'heads', '--export', kept)
    expect(exported).toMatchObject({ code: 0, out: `3 head(s) in ${kept}\n` })
    expect(readFileSync(kept, 'utf8').trim().split('\n')).toHaveLength(3)
    const publicKey = await gogga(dir, 'audit', 'public-key')
    expect(publicKey.out).toMatch(/^-----BEGIN PUBLIC KEY-----\n/)
    writeFileSync(pem, publicKey.out)
    const other = join(dir, 'other-public.pem')
    writeFileSync(other, readSigningKey(makeKey(dir, 'other.pem')).publicPem)
    const foreign = await gogga(dir, 'audit', 'verify', '--public-key', other)
    expect([foreign.code, foreign.out]).toEqual([1, expect.stringContaining('a key that is not one of those given')])
    rmSync(key)
    vi.stubEnv('GOGGA_SIGNING_KEY_FILE', '')
    const unknown = (await gogga(dir, 'audit', 'verify')).out
    expect(unknown).toContain('signed with a key that is not known here')
    expect(unknown).toMatch(
      /\nNothing shows that the logs were changed, and it is NOT proved that they were not: .*\n$/,
    )
    const mark = `insert into "ChainHead" select 'restored-admin-x', domain, position, hash, 'restored', null, null, createdAt
      from "ChainHead" where id = 'admin-000001'`
    for (const file of ['admin', 'identity'] as const) plant(databases, file, mark)
    const words = ['audit', 'verify', '--verify-against', kept, '--public-key', pem]
    const restored = expect.stringMatching(/\nThe logs are as they were written, but for what restores took back\.\n$/)
    expect(await gogga(dir, ...words)).toMatchObject({ code: 0, out: restored })
    plant(databases, 'admin', 'delete from "ChainHead"', 'delete from "ChainLink"', 'delete from "AdminLog"')
    plant(databases, 'identity', 'delete from "ChainHead"')
    const found = await gogga(dir, ...words, '--json')
    expect(found.code).toBe(1)
    expect(JSON.parse(found.out).findings.map(({ code }: { code: string }) => code)).toContain('chain.truncated')
  }),
)

it('are signed every day by a server, among its work in the background', () =>
  withLogs(async ({ dir }, key) => {
    const config = readConfig({ GOGGA_DATA_DIR: dir, GOGGA_SIGNING_KEY_FILE: key, GOGGA_LOG_LEVEL: 'silent' }, dir)
    await using context = await createContext(config)
    const job = servedWork(context).jobs?.find(({ name }) => name === 'heads')
    await job?.run(new AbortController().signal)
    await job?.run(new AbortController().signal)
    const { id } = readSigningKey(key)
    expect(listHeads(context.files).map(({ domain, keyId }) => [domain, keyId])).toEqual([
      ['admin', id],
      ['billing', id],
      ['identity', id],
    ])
  }))

it('say what is wrong with a key or a file, exit code 2', SLOW, () =>
  withLogs(async ({ dir }, key) => {
    const none = await gogga(dir, 'audit', 'verify', '--verify-against', join(dir, 'none'))
    expect(none).toMatchObject({ code: 2, out: '', err: expect.stringContaining('cannot be read: ENOENT') })
    const nowhere = await gogga(dir, 'audit', 'heads', '--export', join(dir, 'none', 'heads.jsonl'))
    expect(nowhere).toMatchObject({ code: 2, out: '', err: expect.stringContaining('cannot be written: ENOENT') })
    rmSync(key)
    for (const words of [
      ['audit', 'heads', '--sign'],
      ['audit'],
      ['evidence', '--month', '2026-01'],
      ['subject', 'erase', 'x'],
    ]) {
      const { code, out, err } = await gogga(dir, ...words)
      const says = `gogga: GOGGA_SIGNING_KEY_FILE: the key file ${key} is not there\n  Put the key there`
      expect([code, out, err], words.join(' ')).toEqual([2, '', expect.stringContaining(says)])
    }
    expect(readdirSync(dir).filter((name) => name.endsWith('.zip'))).toEqual([])
    vi.stubEnv('GOGGA_SIGNING_KEY_FILE', '')
    expect(await gogga(dir, 'audit', 'public-key')).toMatchObject({
      code: 2,
      err: expect.stringContaining('openssl genpkey -algorithm ed25519'),
    })
    const unsigned = await gogga(dir, 'audit', 'heads', '--sign')
    expect([unsigned.code, unsigned.err]).toEqual([0, expect.stringContaining('without a signature')])
    const verified = await gogga(dir, 'audit', 'verify')
    expect([verified.code, verified.out]).toEqual([0, expect.stringContaining('head(s) are not signed')])
  }),
)
