import { spawnSync } from 'node:child_process'
import { chmodSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { readPolicies } from '../../../src/ops/backup/policy.ts'
import { takeBackup } from '../../../src/ops/backup/take.ts'
import { backupFigures } from '../../../src/ops/metrics/backup-figures.ts'
import type { BackupFigures } from '../../../src/ops/metrics/sources.ts'
import { withDatabases } from '../../helpers/databases.ts'
import { testSources } from '../../helpers/one-file.ts'

const CHILD = join(import.meta.dirname, 'children/figures.ts')
const canMount = spawnSync('unshare', ['-rm', 'sh', '-c', 'mount -t tmpfs tmpfs /tmp']).status === 0

test('figures follow real backups, looked up once a minute', () =>
  withDatabases(async ({ dir, paths }) => {
    const sources = testSources()
    const begin = sources.now()
    const policies = readPolicies({ dataDir: join(dir, 'data') })
    const read = backupFigures(policies, () => sources.now())
    const billing = async () => (await read()).find(({ domain }) => domain === 'billing')
    expect(await billing()).toMatchObject({ newestAt: null, promisedRecoveryPointSeconds: 900 })
    await takeBackup({ policy: policies.billing, path: paths.billing, sources })
    expect(await billing()).toMatchObject({ newestAt: null })
    sources.setNow(new Date(begin.getTime() + 60_000))
    expect(await billing()).toMatchObject({ newestAt: begin, achievedRecoveryPointSeconds: 60 })
    const before = (await billing())?.alarms ?? 0
    sources.setNow(new Date(begin.getTime() + 86_400_000))
    const late = await billing()
    expect(late).toMatchObject({ newestAt: begin, achievedRecoveryPointSeconds: 86_400 })
    expect(late?.alarms).toBeGreaterThan(before)
    expect((await read()).map(({ domain }) => domain)).toEqual(['identity', 'billing', 'admin'])
  }))

/** What another process finds, begun in its own way. */
const figuresFrom = (begin: (command: readonly string[], folder: string) => { stdout: string; stderr: string }) =>
  withDatabases(async ({ dir, paths }) => {
    const policies = readPolicies({ dataDir: dir })
    const sources = {
      now: () => new Date(),
      newId: () => 'ab12cd34',
      randomBytes: (size: number) => Buffer.alloc(size),
    }
    await takeBackup({ policy: policies.billing, path: paths.billing, sources })
    const { stdout, stderr } = begin([process.execPath, CHILD, dir], join(dir, 'backups'))
    expect(stderr).toBe('')
    return JSON.parse(stdout) as BackupFigures
  })

test.runIf(canMount)('a read-only mount shows all, as in containers', async () => {
  const script = 'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && shift && exec "$@"'
  const found = await figuresFrom((command, folder) =>
    spawnSync('unshare', ['-rm', 'sh', '-c', script, 'sh', folder, ...command], { encoding: 'utf8' }),
  )
  expect(found).toMatchObject({ isVisible: true, alarms: 0, newestAt: expect.any(String) })
})

test.runIf(process.getuid?.() === 0)('backups of another user are out of sight, which is no alarm', async () => {
  const found = await figuresFrom(([node = '', ...args], folder) => {
    for (const place of [dirname(folder), folder]) chmodSync(place, 0o711)
    chmodSync(join(folder, 'billing'), 0o700)
    return spawnSync(node, args, { encoding: 'utf8', uid: 65_534, gid: 65_534 })
  })
  expect(found).toMatchObject({ isVisible: false, alarms: null, newestAt: null })
})
