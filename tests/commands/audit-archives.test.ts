// What the audit knows of backups before it opens any: nothing is passed over.
import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { archivesOf } from '../../src/commands/audit-archives.ts'
import { auditBytes } from '../../src/compliance/audit/bytes/audit-bytes.ts'
import type { Finding } from '../../src/compliance/audit/finding.ts'
import { readPolicies } from '../../src/ops/backup/policy.ts'
import { withDatabases } from '../helpers/databases.ts'
import { plant, user } from '../ops/check/planting.ts'
import { gogga } from './gogga-child.ts'

const EMAIL = 'canary.nomsa@mail.example'
const shortly = (findings: readonly Finding[]) =>
  findings.filter(({ severity }) => severity !== 'info').map(({ severity, code }) => `${severity} ${code}`)

it('tells of every backup that cannot be looked into, and opens the others where they are searched', () =>
  withDatabases(async (databases) => {
    const { dir, paths } = databases
    plant(databases, 'identity', user('u1'), `update "User" set email = '${EMAIL}'`)
    plant(databases, 'billing', `create table leak as select '${EMAIL}' as a`)
    expect((await gogga(dir, 'backup', 'billing')).code).toBe(0)
    plant(databases, 'billing', 'drop table leak', 'vacuum', 'pragma wal_checkpoint(truncate)')
    const store = join(dir, 'backups/billing')
    const audited = async (policy: object = {}) => {
      writeFileSync(join(dir, 'policy.json'), JSON.stringify(policy))
      const archives = await archivesOf(readPolicies({ file: join(dir, 'policy.json'), dataDir: dir }))
      return [...archives.findings, ...(await auditBytes({ paths, ...archives }))]
    }
    const [name = ''] = readdirSync(store).filter((each) => /^billing-.*Z-\w+\.json$/.test(each))
    const [archive = ''] = readdirSync(store).filter((each) => each.endsWith('.zst'))
    const manifest = readFileSync(join(store, name), 'utf8')

    const leaking = await audited()
    expect(shortly(leaking)).toEqual(['high bytes.email'])
    expect(readdirSync(store).filter((each) => each.startsWith('.'))).not.toContain('.gogga-backup-audit-billing')

    const bytes = readFileSync(join(store, archive))
    writeFileSync(join(store, archive), Buffer.concat([bytes, bytes.subarray(0, 12)]))
    expect(shortly(await audited())).toEqual(['medium bytes.unread'])
    writeFileSync(join(store, archive), bytes)

    writeFileSync(join(store, name), manifest.slice(0, 100))
    expect(shortly(await audited())).toEqual([
      'medium bytes.backup-unlisted',
      'medium bytes.backup-stray',
      'medium bytes.unread',
    ])
    writeFileSync(join(store, name), manifest)

    writeFileSync(join(store, 'dump.sql'), EMAIL)
    expect(shortly(await audited())).toEqual(['medium bytes.backup-stray', 'high bytes.email', 'high bytes.email'])
    rmSync(join(store, 'dump.sql'))

    renameSync(join(store, archive), join(dir, archive))
    expect(shortly(await audited())).toEqual(['medium bytes.backup-missing'])
    renameSync(join(dir, archive), join(store, archive))

    const encryption = { algorithm: 'aes-256-gcm', keyId: '0123abcd' }
    writeFileSync(join(store, name), JSON.stringify({ ...JSON.parse(manifest), encryption }))
    expect(shortly(await audited({ billing: { keyFile: 'gone.key' } }))).toEqual(['medium bytes.backups-unseen'])
    const declared = await audited({ billing: { keyFile: 'gone.key', outOfReach: true } })
    expect(shortly(declared)).toEqual([])
    expect(declared.find(({ code }) => code === 'bytes.backups-unseen')?.message).toContain('"outOfReach"')
  }))
