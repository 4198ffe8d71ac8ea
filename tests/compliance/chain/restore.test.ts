// A restore makes a chain shorter than its heads say. It leaves a mark in the other files, and then that is a notice.
import { expect, it } from 'vitest'
import { signHeads } from '../../../src/compliance/chain/heads.ts'
import { verifyChains } from '../../../src/compliance/chain/verify.ts'
import { readSigningKey } from '../../../src/compliance/signing.ts'
import type { Context } from '../../../src/context.ts'
import { openReader } from '../../../src/database/connections.ts'
import { DOMAINS, type Domain } from '../../../src/database/domains.ts'
import { plant, rowsOf } from '../../ops/check/planting.ts'
import { type RestoreWorld, SECOND, withRestoreWorld } from '../../ops/restore/world.ts'
import { codesOf, makeKey } from './world.ts'

const WRITE: Readonly<Record<Domain, (context: Context, id: string) => Promise<void>>> = {
  identity: ({ files, now }, id) =>
    files.identity.change((tx) =>
      tx.insert('AccessLog', {
        ...{ id, apiKeyId: 'key', route: 'GET /v1/users', fields: 'users.email', subjects: '[]', requestId: id },
        createdAt: now(),
      }),
    ),
  billing: ({ files, now }, id) =>
    files.billing.change((tx) =>
      tx.insert('SubscriptionEvent', { id, subscriptionId: 's', userId: 'u', event: 'activated', createdAt: now() }),
    ),
  admin: ({ files, now }, id) =>
    files.admin.change((tx) => tx.insert('AdminLog', { id, adminId: 'boss', action: 'login', createdAt: now() })),
}

const signing = (world: RestoreWorld) => {
  const key = readSigningKey(makeKey(world.databases.dir))
  const write = (...ids: readonly string[]) =>
    world.run(async (context) => {
      for (const id of ids) for (const domain of DOMAINS) await WRITE[domain](context, id)
      world.pass(SECOND)
      await signHeads(context.files, { now: context.now(), key })
      world.pass(SECOND)
    })
  const verify = async () => {
    world.pass(3_600 * SECOND)
    const open = (domain: Domain) => openReader(domain, world.databases.paths[domain])
    const readers = { identity: open('identity'), billing: open('billing'), admin: open('admin') }
    try {
      return await verifyChains(readers, { now: world.clock.now, publicKeys: [key.publicPem] })
    } finally {
      for (const reader of Object.values(readers)) reader.close()
    }
  }
  return { write, verify }
}

it.each(DOMAINS)('of %s.db is told, and is no alarm; without its mark it is one', (domain) =>
  withRestoreWorld(async (world) => {
    const { write, verify } = signing(world)
    await write('a', 'b')
    const { id } = await world.backup(domain)
    world.pass(SECOND)
    await write('c', 'd')
    expect(codesOf(await verify())).toEqual([])
    await world.restore(domain, { from: id })
    const report = await verify()
    expect([report.passed, codesOf(report)]).toEqual([true, [`info chain.restored ${domain}.db`]])
    expect(report.findings[0]).toMatchObject({ position: 2, message: expect.stringContaining('after position 2') })
    await write('e')
    expect(codesOf(await verify())).toEqual([`info chain.restored ${domain}.db`])
    for (const file of ['identity', 'admin'] as const)
      plant(world.databases, file, `delete from "ChainHead" where kind = 'restored'`)
    const unexplained = await verify()
    expect(unexplained.passed).toBe(false)
    expect(codesOf(unexplained)).toContain(`high chain.truncated ${domain}.db`)
  }),
)

it('of a backup from before the chain begins a new one', () =>
  withRestoreWorld(async (world) => {
    const { write, verify } = signing(world)
    plant(
      world.databases,
      'admin',
      `insert into "AdminLog" (id, adminId, action, createdAt) values ('old', 'boss', 'login', '2026-05-01')`,
    )
    const { id } = await world.backup('admin')
    world.pass(SECOND)
    await write('a')
    await world.restore('admin', { from: id })
    const report = await verify()
    expect(codesOf(report)).toEqual(['info chain.restored admin.db'])
    expect(report.findings[0]).toMatchObject({ position: 0 })
    expect(report.chains[2]).toMatchObject({ links: 1, rows: 1 })
  }))

it('that was killed before it left its mark leaves it when it is ended', () =>
  withRestoreWorld(async (world) => {
    const { write, verify } = signing(world)
    await write('a')
    const { id } = await world.backup('billing')
    world.pass(SECOND)
    await write('b')
    const reached = (place: string) => {
      if (place === 'sent') throw new Error('killed')
    }
    await expect(world.restore('billing', { from: id }, { reached })).rejects.toThrow()
    expect(codesOf(await verify())).toContain('high chain.truncated billing.db')
    await world.restore('billing', { from: id }) // Ends the other one first.
    const marks = rowsOf<{ id: string }>(world.databases, 'admin', `select id from "ChainHead" where kind = 'restored'`)
    expect(marks).toHaveLength(2)
    expect((await verify()).passed).toBe(true)
  }))
