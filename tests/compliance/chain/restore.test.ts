// A restore makes a chain shorter than its heads say. It leaves a mark in the other files, and then that is a notice.
import { expect, it } from 'vitest'
import { headsJob, listHeads, signHeads, trySigning } from '../../../src/compliance/chain/heads.ts'
import { verifyChains } from '../../../src/compliance/chain/verify.ts'
import { readSigningKey } from '../../../src/compliance/signing.ts'
import type { Context } from '../../../src/context.ts'
import type { Head } from '../../../src/database/chain-heads.ts'
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
  const verify = async (exported: readonly Head[] = []) => {
    world.pass(3_600 * SECOND)
    const open = (domain: Domain) => openReader(domain, world.databases.paths[domain])
    const readers = { identity: open('identity'), billing: open('billing'), admin: open('admin') }
    try {
      return await verifyChains(readers, { now: world.clock.now, publicKeys: [key.publicPem], exported })
    } finally {
      for (const reader of Object.values(readers)) reader.close()
    }
  }
  const restore = (domain: Domain, id: string) => world.restore(domain, { from: id }, { signer: key })
  return { write, verify, restore, key }
}

it.each(DOMAINS)('of %s.db is told, and is no alarm; without its mark it is one', (domain) =>
  withRestoreWorld(async (world) => {
    const { write, verify, restore } = signing(world)
    await write('a', 'b')
    const { id } = await world.backup(domain)
    world.pass(SECOND)
    await write('c', 'd')
    expect(codesOf(await verify())).toEqual([])
    await restore(domain, id)
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

it('without a key is settled by whoever has it and looked at it, never by the daily signing', () =>
  withRestoreWorld(async (world) => {
    const { write, verify, key } = signing(world)
    await write('a')
    const { id } = await world.backup('billing')
    world.pass(SECOND)
    await write('b')
    const kept = await world.run(async ({ files }) => listHeads(files))
    await world.restore('billing', { from: id })
    const alarms = ['high chain.truncated billing.db', 'high chain.mark-unsigned billing.db']
    const unsettled = await verify()
    expect(codesOf(unsettled)).toEqual(alarms)
    const [mark] = unsettled.findings[1]?.rows ?? []
    expect(unsettled.findings[1]?.next).toContain(`gogga audit heads --sign --accept ${mark}`)
    const job = () =>
      world.run(({ files, now }) => {
        world.pass(24 * 3_600 * SECOND)
        return headsJob({ files, now, key }).run()
      })
    await expect(job()).rejects.toThrow('billing.db gets no head: it was put back at')
    expect(codesOf(await verify()).filter((code) => code.includes('billing'))).toEqual(alarms)
    const accept = [mark ?? '']
    const { refused, made } = await world.run(({ files, now }) => trySigning(files, { now: now(), key, accept }))
    expect([refused, made.length]).toEqual([[], 3])
    expect(codesOf(await verify())).toEqual(['info chain.restored billing.db'])
    // What somebody kept elsewhere asks for the record of it all the same.
    const against = await verify(kept)
    expect(codesOf(against)).toEqual(['medium chain.taken-back billing.db', 'info chain.restored billing.db'])
    expect(against.findings[0]?.message).toMatch(/ from position 2, .* to position 1, as signed in restored-billing-/)
  }))

it('of both files that hold heads counts anew, and what a reviewer kept is missing, not different', () =>
  withRestoreWorld(async (world) => {
    const { write, verify, restore } = signing(world)
    await write('a')
    const backups = [await world.backup('identity'), await world.backup('admin')]
    world.pass(SECOND)
    await write('b')
    const kept = await world.run(async ({ files }) => listHeads(files))
    for (const [at, domain] of (['identity', 'admin'] as const).entries()) {
      await restore(domain, backups[at]?.id ?? '')
      world.pass(SECOND)
    }
    const told = (await verify()).findings.find(({ code }) => code === 'chain.restored')
    expect(told?.message).toContain(', from a position that no head here tells to position 1: ')
    await write('c')
    const heads = await world.run(async ({ files }) => listHeads(files))
    expect(heads.filter(({ id }) => /-000002-\d{8}T\d{9}Z$/.test(id))).toHaveLength(3)
    expect(codesOf(await verify())).toEqual(['info chain.restored identity.db', 'info chain.restored admin.db'])
    const against = codesOf(await verify(kept))
    expect(against.filter((code) => code.includes('head-missing'))).toHaveLength(3)
    expect(against.filter((code) => code.startsWith('high'))).toEqual([])
  }))

it('of a backup from before the chain begins a new one', () =>
  withRestoreWorld(async (world) => {
    const { write, verify, restore } = signing(world)
    plant(
      world.databases,
      'admin',
      `insert into "AdminLog" (id, adminId, action, createdAt) values ('old', 'boss', 'login', '2026-05-01')`,
    )
    const { id } = await world.backup('admin')
    world.pass(SECOND)
    await write('a')
    await restore('admin', id)
    const report = await verify()
    expect(codesOf(report)).toEqual(['info chain.restored admin.db'])
    expect(report.findings[0]).toMatchObject({ position: 0 })
    expect(report.chains[2]).toMatchObject({ links: 1, rows: 1 })
  }))

it('that was killed before it left its mark leaves it when it is ended', () =>
  withRestoreWorld(async (world) => {
    const { write, verify, restore, key } = signing(world)
    await write('a')
    const { id } = await world.backup('billing')
    world.pass(SECOND)
    await write('b')
    const reached = (place: string) => {
      if (place === 'sent') throw new Error('killed')
    }
    await expect(world.restore('billing', { from: id }, { reached, signer: key })).rejects.toThrow()
    expect(codesOf(await verify())).toContain('high chain.truncated billing.db')
    await restore('billing', id) // Ends the other one first.
    const marks = rowsOf<{ id: string }>(world.databases, 'admin', `select id from "ChainHead" where kind = 'restored'`)
    expect(marks).toHaveLength(2)
    expect((await verify()).passed).toBe(true)
  }))
