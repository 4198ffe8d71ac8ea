// The guard before billing.db and admin.db: that the audit sees it stand, and sees where it does not.
import { expect, it } from 'vitest'
import { auditRunTime, type Guarded } from '../../../src/compliance/audit/run-time.ts'
import { modelsOf } from '../../../src/database/catalog.ts'
import { type OpenFile, openFile } from '../../../src/database/clients.ts'
import { openReader } from '../../../src/database/connections.ts'
import { DOMAINS } from '../../../src/database/domains.ts'
import { withDatabases } from '../../helpers/databases.ts'
import { plant, rowsOf, T } from '../../ops/check/planting.ts'
import { NOW, shortly } from './planted.ts'

const OPTIONS = { busyTimeoutMs: 500, cacheMb: 4 }

it('tries every guarded column over both ways, and leaves no row', () =>
  withDatabases(async (databases) => {
    const { paths } = databases
    await using billing = await openFile('billing', paths.billing, OPTIONS)
    await using admin = await openFile('admin', paths.admin, OPTIONS)
    await using identity = await openFile('identity', paths.identity, OPTIONS)
    const { findings, looked } = await auditRunTime({ files: { billing, admin }, identity: identity.reader, now: NOW })
    expect(findings).toEqual([])
    const guarded = [...modelsOf('billing'), ...modelsOf('admin')].flatMap(({ columns }) => columns)
    expect(looked.probes).toBeGreaterThanOrEqual(2 * guarded.filter(({ type }) => type === 'text').length)
    for (const domain of DOMAINS)
      for (const { name } of modelsOf(domain))
        if (name !== 'ChainLink') expect(rowsOf(databases, domain, `select * from "${name}"`), name).toEqual([])
  }))

it('finds a file that takes everything, over each way, and still leaves no row', () =>
  withDatabases(async (databases) => {
    await using billing = await openFile('billing', databases.paths.billing, OPTIONS)
    await using admin = await openFile('admin', databases.paths.admin, OPTIONS)
    const open = {
      ...billing,
      client: billing.client,
      /** As if nobody had put the guard there. */
      change: (work: (tx: object) => void) =>
        (billing as OpenFile<'billing'>).change((tx) => work({ ...tx, insert: () => undefined })),
    } as unknown as Guarded['billing']
    const reader = openReader('identity', databases.paths.identity)
    const { findings } = await auditRunTime({ files: { billing: open, admin }, identity: reader, now: NOW })
    reader.close()
    expect(shortly(findings)).toContain('high billing.db SubscriptionEvent.meta run-time.unguarded')
    expect(findings.every(({ place, message }) => place.file === 'billing.db' && message.includes('a change'))).toBe(
      true,
    )
    expect(rowsOf(databases, 'billing', 'select * from "SubscriptionEvent"')).toEqual([])
  }))

it('tells what the guard met in thirty days, by place, kind and outcome', () =>
  withDatabases(async (databases) => {
    const attempt = (id: string, outcome: string, at = T) =>
      `insert into "PiiAttempt" (id, place, kind, outcome, createdAt) values ('${id}', 'admin.Voucher.voidReason', 'email', '${outcome}', '${at}')`
    plant(databases, 'identity', attempt('1', 'detached'), attempt('2', 'detached'), attempt('3', 'refused'))
    plant(databases, 'identity', attempt('4', 'dropped'), attempt('5', 'refused', '2026-01-01T00:00:00.000+00:00'))
    await using billing = await openFile('billing', databases.paths.billing, OPTIONS)
    await using admin = await openFile('admin', databases.paths.admin, OPTIONS)
    await using identity = await openFile('identity', databases.paths.identity, OPTIONS)
    const { findings, looked } = await auditRunTime({ files: { billing, admin }, identity: identity.reader, now: NOW })
    const at = 'admin.db Voucher.voidReason'
    expect(shortly(findings, true).toSorted()).toEqual([
      `info ${at} run-time.detached`,
      `info ${at} run-time.refused`,
      `medium ${at} run-time.outcome`,
    ])
    expect(findings.find(({ code }) => code === 'run-time.detached')?.count).toBe(2)
    expect(looked.attempts).toBe(4)
  }))
