// The chain of a file's logs, recomputed here from the formula alone.
import { hash } from 'node:crypto'
import { expect, it } from 'vitest'
import { beginningOf, chainedModels, rowHashOf, rowIdsOf } from '../../src/database/chain.ts'
import { beginChain } from '../../src/database/chain-begin.ts'
import { keepLinks } from '../../src/database/chain-kept.ts'
import { openFile } from '../../src/database/clients.ts'
import { openWriter } from '../../src/database/connections.ts'
import { DOMAINS } from '../../src/database/domains.ts'
import { migrate } from '../../src/database/migrations.ts'
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

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

type LogRow = Record<string, Stored> & { chainPosition: number; chainHash: string | null }

const ownHash = ({ chainPosition, chainHash, ...cells }: LogRow) =>
  hash('sha256', JSON.stringify(Object.entries(cells).flatMap((cell) => (cell[1] === null ? [] : cell))))

/** Those in ChainLink, and those in rows of AdminLog as ChainLink would have them. */
function linksOf(tx: Pick<Tx<'admin'>, 'all'>): LinkRow[] {
  const rows = tx.all<LogRow>('select * from "AdminLog" where chainPosition is not null order by rowid')
  const held = [...Map.groupBy(rows, ({ chainPosition }) => chainPosition)].map(([position, some]): LinkRow => {
    const [ids, hashes] = [some.map(({ id }) => String(id)), some.map(ownHash)]
    const texts = some.map(({ chainHash }) => chainHash)
    const text = texts.at(-1) ?? ''
    expect(texts).toEqual([...texts.slice(1).fill(null), text]) // The last row holds it.
    expect(text.slice(64)).toBe(hashes.map((one) => one.slice(0, 16)).join(''))
    return {
      ...{ position, log: 'AdminLog', rowId: ids.length === 1 ? `${ids[0]}` : JSON.stringify(ids) },
      createdAt: String(some[0]?.createdAt),
      ...{ rowHash: Buffer.from(hashes.join(''), 'hex'), hash: Buffer.from(text.slice(0, 64), 'hex') },
    }
  })
  const kept = tx.all<LinkRow>('select * from "ChainLink"')
  return [...kept, ...held].sort((a, b) => a.position - b.position)
}

function recomputed(links: readonly LinkRow[]): string[] {
  let before = hash('sha256', 'gogga-chain/1 admin')
  return links.map(({ position, log: name, rowId, createdAt, rowHash }) => {
    before = hash('sha256', JSON.stringify([before, position, name, rowId, createdAt, hex(rowHash)]))
    return before
  })
}

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

it('links rows of one insert together where they are of the same second', async () => {
  await withFile('admin', async ({ file }) => {
    const row = (id: string, createdAt: Date) => ({ id, adminId: 'boss', action: 'user_lookup', createdAt })
    const later = new Date(START.getTime() + 999)
    const next = new Date(START.getTime() + 1_000)
    await file.change((tx) => {
      tx.insertAll('AdminLog', [])
      tx.insertAll('AdminLog', [row('a', START), row('b', later), row('c', next)])
    })
    const many = Array.from({ length: 201 }, (_, at) => row(`many-${at}`, next))
    await file.change((tx) => tx.insertAll('AdminLog', many))
    const links = linksOf(file.rows)
    expect(links.map((link) => [link.position, rowIdsOf(link).length, rowIdsOf(link)[0]])).toEqual([
      [1, 2, 'a'],
      [2, 1, 'c'],
      [3, 200, 'many-0'],
      [4, 1, 'many-200'],
    ])
    expect(links[0]).toMatchObject({ rowId: '["a","b"]', createdAt: '2026-06-01T12:00:00.000+00:00' })
    expect(links.map((link) => hex(link.hash))).toEqual(recomputed(links))
  })
})

it('moves a link to ChainLink before its first row goes, as it would stand there', async () => {
  await withFile('admin', async ({ file }) => {
    const [model] = chainedModels('admin')
    if (!model) throw new Error('admin.db has no log')
    const insert = (...ids: readonly string[]) =>
      file.change((tx) =>
        tx.insertAll(
          'AdminLog',
          ids.map((id) => ({ id, adminId: 'boss', action: 'user_lookup', createdAt: START })),
        ),
      )
    await insert('a', 'b', 'c')
    await insert('d')
    await insert('e', 'f')
    const before = linksOf(file.rows)
    const remove = (...ids: readonly string[]) =>
      file.change((tx) => {
        const found = tx.all<{ at: number }>(
          'select rowid as at from "AdminLog" where id in (select value from json_each(?))',
          JSON.stringify(ids),
        )
        const rowids = found.map(({ at }) => at)
        keepLinks(tx, model, rowids)
        for (const at of rowids) tx.run('delete from "AdminLog" where rowid = ?', at)
      })
    const kept = () => file.rows.all<LinkRow>('select * from "ChainLink" order by position').map(({ rowId }) => rowId)
    await remove('b')
    expect(kept()).toEqual(['["a","b","c"]'])
    expect(linksOf(file.rows)).toEqual(before)
    await remove('a', 'd', 'f')
    expect(kept()).toEqual(['["a","b","c"]', 'd', '["e","f"]'])
    await remove('c', 'e')
    expect(linksOf(file.rows)).toEqual(before)
    await insert('g') // Where no row tells how the chain ends.
    const links = linksOf(file.rows)
    expect(links.slice(0, 3)).toEqual(before)
    expect(links.map((link) => hex(link.hash))).toEqual(recomputed(links))
  })
})

it('is not forked where the newest row went while another process was at it', async () => {
  await withDatabases(async ({ paths }) => {
    const options = { busyTimeoutMs: 5_000, cacheMb: 4 }
    await using one = await openFile('admin', paths.admin, options)
    await using other = await openFile('admin', paths.admin, options)
    const [model] = chainedModels('admin')
    await one.change((tx) => log(tx, 'a'))
    await other.change((tx) => log(tx, 'b'))
    await other.change((tx) => {
      const found = tx.all<{ at: number }>(`select rowid as at from "AdminLog" where id = 'b'`)
      const rowids = found.map(({ at }) => at)
      keepLinks(tx, model as NonNullable<typeof model>, rowids)
      tx.run(`delete from "AdminLog" where id = 'b'`)
    })
    await one.change((tx) => log(tx, 'c'))
    const links = linksOf(one.rows)
    expect(links.map(({ position, rowId }) => `${position}${rowId}`)).toEqual(['1a', '2b', '3c'])
    expect(links.map((link) => hex(link.hash))).toEqual(recomputed(links))
  })
})

it('goes on after a change that was taken back, and after another process', async () => {
  await withDatabases(async ({ paths }) => {
    const options = { busyTimeoutMs: 5_000, cacheMb: 4 }
    await using one = await openFile('admin', paths.admin, options)
    await using other = await openFile('admin', paths.admin, options)
    const failing = (id: string) =>
      one.change((tx) => {
        log(tx, id)
        throw new Error('no')
      })
    await Promise.allSettled([failing('first'), one.change((tx) => log(tx, 'a'))])
    await Promise.allSettled([one.change((tx) => log(tx, 'b')), failing('lost'), one.change((tx) => log(tx, 'c'))])
    await expect(failing('alone')).rejects.toThrow('no')
    await other.change((tx) => log(tx, 'd'))
    await one.change((tx) => log(tx, 'e'))
    const links = linksOf(one.rows)
    expect(links.map(({ position, rowId }) => `${position}${rowId}`)).toEqual(['1a', '2b', '3c', '4d', '5e'])
    expect(links.map((link) => hex(link.hash))).toEqual(recomputed(links))
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
    expect(links.slice(0, 2).map(({ rowId, createdAt }) => [rowId, createdAt])).toEqual([
      ['old-0', '2020-01-01'],
      ['old-1', 'never'],
    ])
    expect(links.flatMap(rowIdsOf)).toEqual([...Array.from({ length: 2_500 }, (_, at) => `old-${at}`), 'new'])
    expect(links.map((link) => hex(link.hash))).toEqual(recomputed(links))
  })
})

it('begins before the first write where a migration finds rows', async () => {
  await withDatabases(({ paths }) => {
    const raw = openWriter('admin', paths.admin)
    expect(beginChain('admin', raw)).toBe(0)
    raw.exec(`insert into "AdminLog" (id, adminId, action, createdAt) values ('a', 'b', 'c', '2020-01-01')`)
    raw.close()
    expect(migrate('admin', paths.admin)).toEqual([])
    const after = openWriter('admin', paths.admin)
    expect(after.prepare('select position, rowId from "ChainLink"').all()).toEqual([{ position: 1, rowId: 'a' }])
    expect(beginChain('admin', after)).toBe(0)
    after.close()
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
