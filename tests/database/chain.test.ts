// The chain of a file's logs, recomputed here from the formula alone.
import { hash } from 'node:crypto'
import { expect, it } from 'vitest'
import { beginningOf, chainedModels, rowHashOf } from '../../src/database/chain.ts'
import { openFile } from '../../src/database/clients.ts'
import { openWriter } from '../../src/database/connections.ts'
import { DOMAINS } from '../../src/database/domains.ts'
import type { Stored } from '../../src/database/row-codec.ts'
import type { Tx } from '../../src/database/rows.ts'
import { withDatabases } from '../helpers/databases.ts'
import { START, withFile } from '../helpers/one-file.ts'

interface LinkRow {
  position: number
  log: string
  rowId: string
  createdAt: string
  rowHash: Buffer
  hash: Buffer
}

const log = (tx: Tx<'admin'>, id: string, meta: string | null = null) =>
  tx.insert('AdminLog', { id, adminId: 'boss', action: 'user_lookup', meta, createdAt: START })

const linksOf = (tx: Pick<Tx<'admin'>, 'all'>) => tx.all<LinkRow>('select * from "ChainLink" order by position')

function recomputed(links: readonly LinkRow[]): string[] {
  let before: Uint8Array = hash('sha256', 'gogga-chain/1 admin', 'buffer')
  return links.map(({ position, log: name, rowId, createdAt, rowHash }) => {
    const words = Buffer.from(JSON.stringify([position, name, rowId, createdAt]))
    before = hash('sha256', Buffer.concat([before, rowHash, words]), 'buffer')
    return Buffer.from(before).toString('hex')
  })
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

it('is kept for the log of each file', () => {
  expect(DOMAINS.flatMap((domain) => chainedModels(domain).map(({ name }) => `${domain}.${name}`))).toEqual([
    'identity.AccessLog',
    'billing.SubscriptionEvent',
    'admin.AdminLog',
  ])
})

it('links every row to the one before, over its values as they are stored', async () => {
  await withFile('admin', async ({ file }) => {
    await file.change((tx) => {
      log(tx, 'a')
      log(tx, 'b', '{"n":1}')
    })
    await file.change((tx) => log(tx, 'c'))
    const links = linksOf(file.rows)
    expect(links.map(({ position, log: name, rowId }) => [position, name, rowId])).toEqual([
      [1, 'AdminLog', 'a'],
      [2, 'AdminLog', 'b'],
      [3, 'AdminLog', 'c'],
    ])
    expect(links.map((link) => hex(link.hash))).toEqual(recomputed(links))
    const cells = ['id', 'b', 'adminId', 'boss', 'action', 'user_lookup', 'meta', '{"n":1}', 'createdAt']
    const time = '2026-06-01T12:00:00.000+00:00'
    expect(hex(links[1]?.rowHash ?? Buffer.of())).toBe(hash('sha256', JSON.stringify([...cells, time])))
  })
})

it('goes back with a change that failed, and never changes a row', async () => {
  await withFile('admin', async ({ file }) => {
    await file.change((tx) => log(tx, 'a'))
    const failing = file.change((tx) => {
      log(tx, 'lost')
      throw new Error('no')
    })
    await Promise.allSettled([failing, file.change((tx) => log(tx, 'b'))])
    const links = linksOf(file.rows)
    expect(links.map(({ rowId }) => rowId)).toEqual(['a', 'b'])
    expect(links.map((link) => hex(link.hash))).toEqual(recomputed(links))
    await expect(file.change((tx) => tx.update('AdminLog', { id: 'a' }, { action: 'x' }))).rejects.toThrow('never')
    await expect(file.change((tx) => tx.remove('AdminLog', { id: 'a' }))).rejects.toThrow('never changed')
  })
})

it('takes in what was written before it began, in that order, then goes on', async () => {
  await withFile('admin', async ({ file }) => {
    const raw = openWriter('admin', file.path)
    const add = raw.prepare('insert into "AdminLog" (id, adminId, action, createdAt) values (?, ?, ?, ?)')
    for (let at = 0; at < 2_500; at++) add.run(`old-${at}`, 'boss', 'login', at % 2 === 0 ? '2020-01-01' : 'never')
    raw.close()
    await file.change((tx) => log(tx, 'new'))
    const links = linksOf(file.rows)
    expect(links).toHaveLength(2_501)
    expect(links.slice(0, 2).map(({ rowId, createdAt }) => [rowId, createdAt])).toEqual([
      ['old-0', '2020-01-01'],
      ['old-1', 'never'],
    ])
    expect(links.at(-1)?.rowId).toBe('new')
    expect(links.map((link) => hex(link.hash))).toEqual(recomputed(links))
  })
})

it('is one chain for processes that take turns', async () => {
  await withDatabases(async ({ paths }) => {
    const options = { busyTimeoutMs: 5_000, cacheMb: 4 }
    await using one = await openFile('admin', paths.admin, options)
    await using other = await openFile('admin', paths.admin, options)
    const writes = Array.from({ length: 60 }, (_, at) =>
      (at % 2 === 0 ? one : other).change((tx) => log(tx, `row-${at}`)),
    )
    await Promise.all(writes)
    const links = linksOf(one.rows)
    expect(links).toHaveLength(60)
    expect(links.map((link) => hex(link.hash))).toEqual(recomputed(links))
  })
})

it('gives the same hash when a column is added that is null', () => {
  const [model] = chainedModels('admin')
  if (!model) throw new Error('admin.db has no log')
  const row: Record<string, Stored> = { id: 'a', adminId: 'b', action: 'c', createdAt: 'd' }
  const wider = {
    ...model,
    columns: [...model.columns, { ...model.columns[0], name: 'later' } as (typeof model.columns)[0]],
  }
  expect(rowHashOf(wider, { ...row, later: null })).toEqual(rowHashOf(model, row))
  expect(rowHashOf(model, { ...row, meta: '' })).not.toEqual(rowHashOf(model, row))
  expect(beginningOf('admin')).not.toEqual(beginningOf('billing'))
})
