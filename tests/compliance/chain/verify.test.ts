// Each way to write past the application is found, and what the application does by itself is not.
import { expect, it } from 'vitest'
import { beginChain, beginningOf, linkHashOf } from '../../../src/database/chain.ts'
import { openWriter } from '../../../src/database/connections.ts'
import { DOMAINS } from '../../../src/database/domains.ts'
import { purge } from '../../../src/ops/purge/purge.ts'
import { START } from '../../helpers/one-file.ts'
import { type ChainWorld, codesOf, HOUR_MS, withChains } from './world.ts'

/** `a` to `f` in admin.db, with a signed head after `d`; some rows in the other two. */
const written = async (world: ChainWorld) => {
  await world.events('e1', 'e2')
  await world.readings('r1', 'r2', 'r3')
  await world.log('a', 'b', 'c', 'd')
  await world.sign()
  await world.log('e', 'f')
}

it('finds nothing where nobody wrote past the application, and says what it read', () =>
  withChains(async (world) => {
    await written(world)
    const report = await world.verify()
    expect(report).toMatchObject({ passed: true, findings: [] })
    expect(report.chains.map(({ domain, links, rows, heads }) => [domain, links, rows, heads])).toEqual([
      ['identity', 1, 3, 1],
      ['billing', 2, 2, 1],
      ['admin', 6, 6, 1],
    ])
    expect(report.chains[2]?.newestHead).toMatchObject({ id: 'admin-000001', position: 4, keyId: world.key.id })
  }))

interface Case {
  readonly name: string
  readonly domain?: 'identity' | 'admin'
  readonly sql: readonly string[]
  readonly codes: readonly string[]
  readonly rows?: readonly string[]
  readonly position?: number
}

const CASES: readonly Case[] = [
  {
    name: 'a changed row',
    sql: [`update "AdminLog" set adminId = 'somebody' where id = 'b'`],
    codes: ['chain.row-changed'],
    rows: ['b'],
    position: 2,
  },
  {
    name: 'a value that was null',
    sql: [`update "AdminLog" set meta = '' where id = 'b'`],
    codes: ['chain.row-changed'],
    rows: ['b'],
  },
  {
    name: 'a changed row of several with one link',
    domain: 'identity',
    sql: [`update "AccessLog" set subjects = '["x"]' where id = 'r2'`],
    codes: ['chain.row-changed'],
    rows: ['r2'],
  },
  { name: 'a removed row', sql: [`delete from "AdminLog" where id = 'c'`], codes: ['chain.row-removed'], rows: ['c'] },
  {
    name: 'a removed row of several with one link',
    domain: 'identity',
    sql: [`delete from "AccessLog" where id = 'r3'`],
    codes: ['chain.row-removed'],
    rows: ['r3'],
  },
  {
    name: 'an inserted row',
    sql: [
      `insert into "AdminLog" select 'x', adminId, action, null, null, null, createdAt from "AdminLog" where id = 'a'`,
    ],
    codes: ['chain.row-inserted'],
    rows: ['x'],
  },
  {
    name: 'an inserted row among some with one link',
    domain: 'identity',
    sql: [
      `insert into "AccessLog" (id, apiKeyId, route, fields, subjects, requestId, createdAt)
       select 'x', apiKeyId, route, fields, subjects, requestId, createdAt from "AccessLog" where id = 'r1'`,
    ],
    codes: ['chain.row-inserted'],
    rows: ['x'],
  },
  {
    name: 'two rows that changed places',
    sql: [
      `update "AdminLog" set id = 'z' where id = 'a'`,
      `update "AdminLog" set id = 'a' where id = 'b'`,
      `update "AdminLog" set id = 'b' where id = 'z'`,
    ],
    codes: ['chain.row-changed'],
    rows: ['a', 'b'],
  },
  {
    name: 'two links that changed places',
    sql: [
      'update "ChainLink" set position = 99 where position = 2',
      'update "ChainLink" set position = 2 where position = 3',
      'update "ChainLink" set position = 3 where position = 99',
    ],
    codes: ['chain.broken'],
    position: 2,
  },
  {
    name: 'a row that went with its link',
    sql: [`delete from "AdminLog" where id = 'c'`, 'delete from "ChainLink" where position = 3'],
    codes: ['chain.gap'],
    position: 3,
  },
  {
    name: 'a row that went with its link, the others moved up',
    sql: [
      `delete from "AdminLog" where id = 'b'`,
      'delete from "ChainLink" where position = 2',
      'update "ChainLink" set position = -position where position > 2',
      'update "ChainLink" set position = -position - 1 where position < 0',
    ],
    codes: ['chain.broken', 'chain.rewritten'],
    position: 2,
  },
  {
    name: 'a removed row whose link was made old',
    sql: [
      `delete from "AdminLog" where id = 'c'`,
      `update "ChainLink" set createdAt = '2001-01-01T00:00:00.000+00:00' where position = 3`,
    ],
    codes: ['chain.broken'],
    position: 3,
  },
  {
    name: 'a link of a log that there is not',
    sql: [`update "ChainLink" set log = 'Nothing' where position = 5`],
    codes: ['chain.broken', 'chain.row-inserted'],
  },
  {
    name: 'the newest rows gone with their links, back to before a head',
    sql: [`delete from "AdminLog" where id in ('d', 'e', 'f')`, 'delete from "ChainLink" where position > 3'],
    codes: ['chain.truncated'],
    position: 4,
  },
  {
    name: 'all rows and links gone',
    sql: ['delete from "AdminLog"', 'delete from "ChainLink"'],
    codes: ['chain.truncated'],
    position: 1,
  },
]

it.each(CASES)('finds $name', ({ domain = 'admin', sql, codes, rows, position }) =>
  withChains(async (world) => {
    await written(world)
    world.tamper(domain, ...sql)
    const report = await world.verify()
    expect(report.passed).toBe(false)
    expect(report.findings.map(({ code }) => code)).toEqual(codes)
    const [first] = report.findings
    expect(first).toMatchObject({ severity: 'high', section: 'chain', place: { file: `${domain}.db` } })
    if (rows) expect(first?.rows).toEqual(rows)
    if (position !== undefined) expect(first?.position).toBe(position)
  }),
)

/** What somebody who knows the formula does after a change: every hash is computed again. */
function rewrite(world: ChainWorld): void {
  const writer = openWriter('admin', world.databases.paths.admin)
  writer.exec('delete from "ChainLink"')
  beginChain('admin', writer)
  writer.close()
}

it('finds a chain that was written anew from its beginning, by the signed heads', () =>
  withChains(async (world) => {
    await written(world)
    world.tamper('admin', `update "AdminLog" set adminId = 'somebody' where id = 'b'`)
    rewrite(world)
    await world.log('g')
    const report = await world.verify()
    expect(codesOf(report)).toEqual(['high chain.rewritten admin.db'])
    expect(report.findings[0]).toMatchObject({ position: 1, message: expect.stringContaining('admin-000001') })
    expect(report.chains[2]).toMatchObject({ links: 7, rows: 7 })
  }))

it('finds nothing of what was written and taken away between two heads, and the docs say so', () =>
  withChains(async (world) => {
    await written(world)
    world.tamper('admin', `delete from "AdminLog" where id in ('e', 'f')`, 'delete from "ChainLink" where position > 4')
    expect(await world.codes()).toEqual([])
  }))

it('knows what the first link covers', () =>
  withChains(async (world) => {
    await world.log('a')
    const [link] = world.files.admin.rows.list('ChainLink', {})
    if (!link) throw new Error('There is no link')
    const createdAt = link.createdAt.toISOString().replace('Z', '+00:00')
    expect(Buffer.from(link.hash)).toEqual(linkHashOf(beginningOf('admin'), { ...link, createdAt }))
  }))

it('lets retention remove old rows, and nobody else younger ones', () =>
  withChains(async (world) => {
    await world.log('old', 'older')
    await world.readings('r1', 'r2')
    world.now = new Date('2031-05-30T12:00:00.000Z')
    await world.log('young')
    await world.sign()
    world.now = new Date('2031-06-01T12:00:02.000Z')
    const purged = await purge(world.files, { now: world.now })
    expect(purged.find(({ model }) => model === 'admin.AdminLog')).toMatchObject({ rows: 1 })
    world.now = new Date('2031-06-02T12:00:00.000Z')
    await purge(world.files, { now: world.now })
    await world.sign()
    const report = await world.verify()
    expect(report).toMatchObject({ passed: true, findings: [] })
    expect(report.chains.map(({ rows, removedByRetention }) => [rows, removedByRetention])).toEqual([
      [0, 2],
      [0, 0],
      [1, 2],
    ])
    world.tamper('admin', `delete from "AdminLog" where id = 'young'`)
    expect(await world.codes()).toEqual(['high chain.row-removed admin.db'])
  }))

it('reads a chain of many portions, and stops where it is told to', () =>
  withChains(async (world) => {
    await world.files.admin.change((tx) => {
      for (let at = 0; at < 2_600; at++)
        tx.insert('AdminLog', { id: `row-${at}`, adminId: 'boss', action: 'login', createdAt: START })
    })
    await world.sign()
    world.tamper('admin', `update "AdminLog" set action = 'x' where id in ('row-499', 'row-500', 'row-2599')`)
    const report = await world.verify()
    expect(report.findings).toMatchObject([
      { code: 'chain.row-changed', count: 3, rows: ['row-499', 'row-500', 'row-2599'] },
    ])
    await expect(world.verify({ signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough')
    expect(await world.codes()).toHaveLength(1) // Nothing was left open.
  }))

it('says when heads are late, or more than two days apart', () =>
  withChains(async (world) => {
    await world.log('a')
    expect(await world.codes()).toEqual(['medium chain.head-late admin.db'])
    await world.sign()
    await world.log('b')
    world.now = new Date(world.now.getTime() + 35 * HOUR_MS)
    expect(await world.codes()).toEqual([])
    world.now = new Date(world.now.getTime() + 20 * HOUR_MS)
    const late = DOMAINS.map((domain) => `medium chain.head-late ${domain}.db`)
    expect(await world.codes()).toEqual(late)
    await world.sign()
    const report = await world.verify()
    expect([report.passed, codesOf(report)]).toEqual([true, ['low chain.head-gap admin.db']])
  }))
