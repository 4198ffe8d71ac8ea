import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readPolicies } from '../../../src/ops/backup/policy.ts'
import { takeBackup } from '../../../src/ops/backup/take.ts'
import { backupFigures } from '../../../src/ops/metrics/backup-figures.ts'
import { withDatabases } from '../../helpers/databases.ts'
import { testSources } from '../../helpers/one-file.ts'

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
