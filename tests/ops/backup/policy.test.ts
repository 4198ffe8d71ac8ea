import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { UsageError } from '../../../src/errors.ts'
import { readPolicies } from '../../../src/ops/backup/policy.ts'
import { withFolder } from '../../helpers/databases.ts'

const read = (json: unknown) =>
  withFolder((dir) => {
    const file = join(dir, 'policy.json')
    writeFileSync(file, typeof json === 'string' ? json : JSON.stringify(json))
    return { dir, policies: readPolicies({ file, dataDir: '/srv/data' }) }
  })

describe('the policy', () => {
  it('as shipped backs billing up every 15 minutes, the others daily, each into a folder of its own', () => {
    const { billing, identity, admin } = readPolicies({ dataDir: '/srv/data' })
    expect(billing).toEqual({
      domain: 'billing',
      schedule: '*/15 * * * *',
      keep: { last: 4, hourly: 24, daily: 14, weekly: 8, monthly: 12, sets: 7 },
      target: { kind: 'folder', path: '/srv/data/backups/billing' },
      compression: 'zstd',
      keyFile: undefined,
      workFolder: undefined,
      heartbeatUrl: undefined,
      graceMinutes: 15,
      drillDays: 35,
      outOfReach: false,
    })
    expect([identity.schedule, admin.schedule]).toEqual(['10 1 * * *', '20 1 * * *'])
    expect([identity.target, admin.target]).toEqual([
      { kind: 'folder', path: '/srv/data/backups/identity' },
      { kind: 'folder', path: '/srv/data/backups/admin' },
    ])
  })

  it('takes seconds as a sixth field, before the others', async () => {
    const { policies } = await read({ billing: { schedule: '*/10 * * * * *' } })
    expect(policies.billing.schedule).toBe('*/10 * * * * *')
  })

  it('changes what the file names, and leaves the rest; paths are relative to the file', async () => {
    const { dir, policies } = await read({
      billing: { keep: { hourly: 2 }, keyFile: 'billing.key', target: { kind: 'folder', path: '../b' } },
      identity: { target: { kind: 's3', bucket: 'x', prefix: '/a/b/', endpoint: 'http://127.0.0.1:9000' } },
    })
    expect(policies.billing.keep).toEqual({ last: 4, hourly: 2, daily: 14, weekly: 8, monthly: 12, sets: 7 })
    expect(policies.billing.keyFile).toBe(join(dir, 'billing.key'))
    expect(policies.billing.target).toEqual({ kind: 'folder', path: join(dir, '../b') })
    expect(policies.identity.target).toMatchObject({ prefix: 'a/b', region: 'us-east-1', forcePathStyle: true })
    expect(policies.admin).toEqual(readPolicies({ dataDir: '/srv/data' }).admin)
  })

  it.each([
    ['a pattern that is none', { billing: { schedule: 'hourly' } }, 'billing.schedule'],
    ['seven fields', { billing: { schedule: '0 0 */15 * * * *' } }, 'billing.schedule'],
    ['a domain that is none', { users: {} }, 'the whole'],
    ['a misspelt name', { admin: { keyfile: 'x' } }, 'admin'],
    ['a target without a path', { admin: { target: { kind: 'folder' } } }, 'admin.target.path'],
    ['a target of another kind', { admin: { target: { kind: 'ftp' } } }, 'admin.target.kind'],
    ['nothing to keep', { identity: { keep: { last: 0 } } }, 'identity.keep.last'],
    ['another compression', { identity: { compression: 'gzip' } }, 'identity.compression'],
    ['a heartbeat that is no address', { identity: { heartbeatUrl: 'ping' } }, 'identity.heartbeatUrl'],
  ])('refuses %s, and says where', async (_name, json, at) => {
    const error = await read(json).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(UsageError)
    expect((error as UsageError).errors.map((detail) => detail.at)).toEqual([at])
  })

  it('refuses what is no JSON, or is not there', async () => {
    await expect(read('{')).rejects.toThrow(/cannot be read/)
    expect(() => readPolicies({ file: '/nowhere/policy.json', dataDir: '/' })).toThrow(/cannot be read: ENOENT/)
  })
})
