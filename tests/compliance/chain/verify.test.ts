// Each way to write past the application is found, and what the application does by itself is not.
import { expect, it } from 'vitest'
import { beginningOf, type Link, linkHashOf, type RowLink } from '../../../src/database/chain.ts'
import { beginChain } from '../../../src/database/chain-begin.ts'
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

/** Where the links lie in ChainLink. */
const KEPT: readonly Case[] = [
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
      `insert into "AdminLog" (id, adminId, action, createdAt) select 'x', adminId, action, createdAt from "AdminLog" where id = 'a'`,
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

const link = (position: number, hash: string, where: string) =>
  `update "AdminLog" set chainPosition = ${position}, chainHash = ${hash} where ${where}`
const hashAt = (id: string) => `(select chainHash from "AdminLog" where id = '${id}')`

/** Where each link lies in the last row that it covers. */
const HELD: readonly Case[] = [
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
    name: 'a row that was made older',
    sql: [`update "AdminLog" set createdAt = '2001-01-01T00:00:00.000+00:00' where id = 'c'`],
    codes: ['chain.row-changed'],
    rows: ['c'],
  },
  {
    name: 'a changed row of several with one link',
    domain: 'identity',
    sql: [`update "AccessLog" set subjects = '["x"]' where id = 'r2'`],
    codes: ['chain.row-changed'],
    rows: ['r2'],
  },
  {
    name: 'the row with the link of several, changed',
    domain: 'identity',
    sql: [`update "AccessLog" set subjects = '["x"]' where id = 'r3'`],
    codes: ['chain.row-changed'],
    rows: ['r3'],
  },
  { name: 'a removed row', sql: [`delete from "AdminLog" where id = 'c'`], codes: ['chain.gap'], position: 3 },
  {
    name: 'the first row, removed',
    sql: [`delete from "AdminLog" where id = 'a'`],
    codes: ['chain.gap'],
    position: 1,
  },
  {
    name: 'a removed row of several with one link',
    domain: 'identity',
    sql: [`delete from "AccessLog" where id = 'r2'`],
    codes: ['chain.row-removed'],
    rows: [],
    position: 1,
  },
  {
    name: 'the row with the link of several, removed',
    domain: 'identity',
    sql: [`delete from "AccessLog" where id = 'r3'`],
    codes: ['chain.row-removed', 'chain.rewritten'],
    position: 1,
  },
  {
    name: 'all rows of a link, removed',
    domain: 'identity',
    sql: [`delete from "AccessLog"`],
    codes: ['chain.truncated'],
    position: 1,
  },
  {
    name: 'an inserted row',
    sql: [
      `insert into "AdminLog" (id, adminId, action, createdAt) select 'x', adminId, action, createdAt from "AdminLog" where id = 'a'`,
    ],
    codes: ['chain.row-inserted'],
    rows: ['x'],
  },
  {
    name: 'an inserted row that names the place of another',
    domain: 'identity',
    sql: [
      `insert into "AccessLog" (rowid, id, apiKeyId, route, fields, subjects, requestId, createdAt, chainPosition)
       select 0, 'x', apiKeyId, route, fields, subjects, requestId, createdAt, 1 from "AccessLog" where id = 'r1'`,
    ],
    codes: ['chain.row-inserted'],
    rows: ['x'],
  },
  ...["'none'", '2', '0', '-3', '2.5', "x'02'"].map((place) => ({
    name: `an inserted row that names the place ${place}`,
    sql: [
      `insert into "AdminLog" (id, adminId, action, createdAt, chainPosition, chainHash)
       select 'x', adminId, action, createdAt, ${place}, chainHash from "AdminLog" where id = 'b'`,
    ],
    codes: ['chain.broken', 'chain.row-changed'],
  })),
  {
    name: 'an inserted row with a place and without a hash',
    sql: [
      `insert into "AdminLog" (id, adminId, action, createdAt, chainPosition)
       select 'x', adminId, action, createdAt, 7 from "AdminLog" where id = 'b'`,
    ],
    codes: ['chain.row-removed'],
    position: 7,
  },
  {
    name: 'an inserted row in place of one that was removed',
    sql: [`update "AdminLog" set id = 'x', action = 'login' where id = 'c'`],
    codes: ['chain.row-changed'],
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
    rows: ['b', 'a'],
  },
  {
    name: 'two rows that changed places with their links',
    sql: [
      `update "AdminLog" set rowid = 99 where id = 'b'`,
      `update "AdminLog" set rowid = 2 where id = 'c'`,
      `update "AdminLog" set rowid = 3 where id = 'b'`,
    ],
    codes: ['chain.gap', 'chain.broken'],
    position: 2,
  },
  {
    name: 'two rows that changed places, and took the places of their links',
    sql: [
      `update "AdminLog" set rowid = 99, chainPosition = 3 where id = 'b'`,
      `update "AdminLog" set rowid = 2, chainPosition = 2 where id = 'c'`,
      `update "AdminLog" set rowid = 3 where id = 'b'`,
    ],
    codes: ['chain.broken'],
    position: 2,
  },
  {
    name: 'two rows of one link that changed places',
    domain: 'identity',
    sql: [
      `update "AccessLog" set rowid = 99 where id = 'r1'`,
      `update "AccessLog" set rowid = 1 where id = 'r2'`,
      `update "AccessLog" set rowid = 2 where id = 'r1'`,
    ],
    codes: ['chain.row-removed', 'chain.row-inserted'],
  },
  {
    name: 'a row that went, the others moved up',
    sql: [
      `delete from "AdminLog" where id = 'b'`,
      'update "AdminLog" set chainPosition = chainPosition - 1 where chainPosition > 2',
    ],
    codes: ['chain.broken', 'chain.rewritten'],
    position: 2,
  },
  {
    name: 'a link that lies in another row',
    sql: [link(2, hashAt('c'), `id = 'b'`)],
    codes: ['chain.broken', 'chain.row-changed'],
  },
  {
    name: 'a link that was taken off',
    sql: [link(2, 'null', `id = 'b'`)],
    codes: ['chain.row-removed'],
    position: 2,
  },
  {
    name: 'a row without its link',
    sql: [`update "AdminLog" set chainPosition = null, chainHash = null where id = 'b'`],
    codes: ['chain.gap', 'chain.row-inserted'],
    position: 2,
  },
  {
    name: 'a link that is none',
    sql: [link(2, `'0123'`, `id = 'b'`)],
    codes: ['chain.broken'],
    position: 2,
  },
  {
    name: 'a hash that was changed',
    sql: [link(2, `replace(substr(chainHash, 1, 64), '0', '1') || substr(chainHash, 65)`, `id = 'b'`)],
    codes: ['chain.broken'],
    position: 2,
  },
  {
    name: 'a young row that was removed as retention would, made old',
    sql: [
      `insert into "ChainLink" select chainPosition, 'AdminLog', id, '2001-01-01T00:00:00.000+00:00',
         unhex(substr(chainHash, 65) || hex(zeroblob(24))), unhex(substr(chainHash, 1, 64)) from "AdminLog" where id = 'c'`,
      `delete from "AdminLog" where id = 'c'`,
    ],
    codes: ['chain.broken'],
    position: 3,
  },
  {
    name: 'the newest rows gone with their links, back to before a head',
    sql: [`delete from "AdminLog" where id in ('d', 'e', 'f')`],
    codes: ['chain.truncated'],
    position: 4,
  },
  {
    name: 'all rows and links gone',
    sql: ['delete from "AdminLog"'],
    codes: ['chain.truncated'],
    position: 1,
  },
]

const finds = async (world: ChainWorld, { domain = 'admin', sql, codes, rows, position }: Case): Promise<void> => {
  world.tamper(domain, ...sql)
  const report = await world.verify()
  expect(report.passed).toBe(false)
  expect(report.findings.map(({ code }) => code)).toEqual(codes)
  const [first] = report.findings
  expect(first).toMatchObject({ severity: 'high', section: 'chain', place: { file: `${domain}.db` } })
  if (rows) expect(first?.rows).toEqual(rows)
  if (position !== undefined) expect(first?.position).toBe(position)
}

it.each(HELD)('finds $name', (one) =>
  withChains(async (world) => {
    await written(world)
    await finds(world, one)
  }),
)

it.each(KEPT)('finds $name, with links in a table', (one) =>
  withChains(async (world) => {
    await written(world)
    await world.moveLinks()
    expect(await world.codes()).toEqual([])
    await finds(world, one)
  }),
)

/** What somebody who knows the formula does after a change: every hash is computed again. */
function rewrite(world: ChainWorld): void {
  const writer = openWriter('admin', world.databases.paths.admin)
  writer.exec('update "AdminLog" set chainPosition = null, chainHash = null')
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
    const read = () => world.files.admin.rows.all<Link & { hash: Buffer }>('select * from "ChainLink"')
    const [row] = world.files.admin.rows.all<RowLink>('select * from "AdminLog"')
    await world.moveLinks()
    const [link] = read()
    if (!link) throw new Error('There is no link')
    expect(Buffer.from(link.hash)).toEqual(linkHashOf(beginningOf('admin'), link))
    expect(row?.chainHash).toBe(link.hash.toString('hex') + Buffer.from(link.rowHash).toString('hex').slice(0, 16))
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
    await world.moveLinks()
    world.tamper('admin', `delete from "AdminLog" where id = 'young'`)
    expect(await world.codes()).toEqual(['high chain.row-removed admin.db'])
  }))

it('finds nothing after a purge that was stopped among rows of one link, and what was done before it all the same', () =>
  withChains(async (world) => {
    const ids = Array.from({ length: 50 }, (_, at) => `r${at}`)
    await world.readings(...ids)
    await world.readings('s1', 's2')
    await world.sign()
    world.now = new Date('2031-06-02T12:00:00.000Z')
    await world.sign()
    const counts = async () => (await world.verify()).chains[0]
    const purged = await purge(world.files, { now: world.now, domains: ['identity'], maxBatches: 1 })
    expect(purged.reduce((sum, { rows }) => sum + rows, 0)).toBe(20)
    expect(await world.codes()).not.toContainEqual(expect.stringContaining('high'))
    expect(await counts()).toMatchObject({ links: 2, rows: 32, removedByRetention: 20 })
    world.tamper('identity', `update "AccessLog" set route = 'x' where id = 's1'`)
    expect(await world.codes()).toContain('high chain.row-changed identity.db')
    await purge(world.files, { now: world.now, domains: ['identity'] })
    expect(await counts()).toMatchObject({ links: 2, rows: 0, removedByRetention: 52 })
    expect(await world.codes()).toContain('high chain.broken identity.db')
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
