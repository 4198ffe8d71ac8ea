import { statSync } from 'node:fs'
import Database from 'better-sqlite3'
import { describe, expect, test } from 'vitest'
import { FileAdapterFactory } from '../../src/database/adapter.ts'
import { openFile } from '../../src/database/clients.ts'
import { openReader, openWriter } from '../../src/database/connections.ts'
import { ConflictError, UnavailableError } from '../../src/errors.ts'
import { gate, HandClock, message, OPTIONS, onDisk, sql, turns, withBilling } from './files.ts'

const open = (path: string, options = {}) => openFile('billing', path, { ...OPTIONS, ...options })

function lock(path: string): Disposable {
  const other = new Database(path)
  other.exec('begin immediate')
  return {
    [Symbol.dispose]() {
      other.exec('rollback')
      other.close()
    },
  }
}

/** The adapter without a client: what Prisma does not send itself, such as scripts. */
async function adapterOf(path: string) {
  const [writer, reader] = [openWriter('billing', path), openReader('billing', path)]
  const factory = new FileAdapterFactory({ domain: 'billing', path, reader, writer, busyTimeoutMs: 100 })
  const adapter = await factory.connect()
  return { adapter, factory, [Symbol.asyncDispose]: () => adapter.dispose() }
}

const logSize = (path: string) => statSync(`${path}-wal`).size

const query = (text: string) => ({ sql: text, args: [], argTypes: [] })

describe('turns', () => {
  test('writes and transactions come in the order of their arrival', () =>
    withBilling(async (path) => {
      await using file = await open(path)
      const { inboxMessage } = file.client
      const transaction = (id: string) =>
        file.client.$transaction(async (tx) => {
          await turns(3)
          await tx.inboxMessage.create(message(id))
        })
      const starts = [
        () => transaction('d'),
        () => inboxMessage.create(message('c')),
        () => transaction('b'),
        () => inboxMessage.create(message('a')),
      ]
      const started: Promise<unknown>[] = []
      for (const start of starts) {
        started.push(Promise.resolve(start()))
        await turns(1) // Prisma's own way from the call to the adapter is longer for some operations than for others.
      }
      await Promise.all(started)
      expect(onDisk(path, 'rowid')).toEqual(['d', 'c', 'b', 'a'])
    }))

  test('reads do not wait for a transaction', () =>
    withBilling(async (path) => {
      await using file = await open(path)
      const end = gate()
      const transaction = file.client.$transaction(() => end.promise)
      await turns(5)
      expect(await file.client.inboxMessage.findMany()).toEqual([])
      expect(await file.client.$queryRaw`with one as (select 1 as n) select n from one`).toEqual([{ n: 1n }])
      end.resolve()
      await transaction
    }))

  test('a wait for the turn has a bound and says so', () =>
    withBilling(async (path) => {
      const clock = new HandClock()
      await using file = await open(path, { clock, busyTimeoutMs: 300 })
      const end = gate()
      const transaction = file.client.$transaction(() => end.promise)
      await turns(5)
      const write = expect(file.client.inboxMessage.create(message('a'))).rejects.toMatchObject({
        name: 'UnavailableError',
        status: 503,
        message: `billing.db at ${path}: no turn to write within 300 ms, 1 of this process stood before it`,
      })
      await turns(5)
      await clock.advance(300)
      await write
      end.resolve()
      await transaction
      await file.client.inboxMessage.create(message('b'))
    }))

  test('an interactive transaction that takes too long is rolled back and gives its turn back', () =>
    withBilling(async (path) => {
      await using file = await open(path, { transactionTimeoutMs: 20 })
      const slow = file.client.$transaction(async (tx) => {
        await tx.inboxMessage.create(message('slow'))
        await file.client.inboxMessage.create(message('next'))
        await tx.inboxMessage.create(message('late'))
      })
      await expect(slow).rejects.toBeInstanceOf(UnavailableError)
      expect(onDisk(path)).toEqual(['next'])
    }))

  test('a batch is one transaction; a nested write and a savepoint too', () =>
    withBilling(async (path) => {
      await using file = await open(path)
      const { inboxMessage } = file.client
      await file.client.$transaction([inboxMessage.create(message('a')), inboxMessage.create(message('b'))])
      const failing = [inboxMessage.create(message('c')), inboxMessage.create(message('a'))]
      await expect(file.client.$transaction(failing)).rejects.toBeInstanceOf(ConflictError)
      await file.client.$transaction(async (tx) => {
        await tx.inboxMessage.create(message('d'))
        const inner = tx.$transaction(async (nested) => {
          await nested.inboxMessage.create(message('e'))
          throw new Error('inner')
        })
        await expect(inner).rejects.toThrow('inner')
      })
      expect(onDisk(path)).toEqual(['a', 'b', 'd'])
    }))
})

describe('locks of other processes', () => {
  const starts = {
    'a write': (file: Awaited<ReturnType<typeof open>>) => file.client.inboxMessage.create(message('a')),
    'a transaction': (file: Awaited<ReturnType<typeof open>>) => file.client.$transaction(async () => 'done'),
    'a batch': (file: Awaited<ReturnType<typeof open>>) =>
      file.client.$transaction([file.client.inboxMessage.create(message('a'))]),
    'a raw write': (file: Awaited<ReturnType<typeof open>>) => file.client.$executeRaw`delete from InboxMessage`,
  }

  test.each(Object.entries(starts))('%s fails after the wait, names file and time, and the next works', (_, start) =>
    withBilling(async (path) => {
      const clock = new HandClock()
      await using file = await open(path, { clock, busyTimeoutMs: 300 })
      {
        using _lock = lock(path)
        const failed = expect(Promise.resolve(start(file))).rejects.toMatchObject({
          name: 'UnavailableError',
          message: `billing.db at ${path} is locked by another process: waited 300 ms for it`,
          retryAfter: 1,
        })
        await turns(5)
        await clock.advance(300)
        await failed
      }
      await start(file)
    }),
  )

  test('delays grow: few attempts in a long wait', () =>
    withBilling(async (path) => {
      const clock = new HandClock()
      await using file = await open(path, { clock, busyTimeoutMs: 5_000 })
      using _lock = lock(path)
      const delays: number[] = []
      const after = clock.after.bind(clock)
      clock.after = (milliseconds, callback) => {
        delays.push(milliseconds)
        return after(milliseconds, callback)
      }
      const failed = expect(file.client.inboxMessage.create(message('a'))).rejects.toBeInstanceOf(UnavailableError)
      await turns(5)
      await clock.advance(5_000)
      await failed
      expect(delays.slice(0, 7)).toEqual([1, 2, 4, 8, 16, 32, 50])
      expect(delays.length).toBeLessThan(120)
    }))
})

describe('statements', () => {
  test('a repeated query is compiled once', () =>
    withBilling(async (path) => {
      await using file = await open(path)
      const both = async (id: string) => {
        await file.client.inboxMessage.create(message(id))
        expect(await file.client.inboxMessage.findUnique({ where: { id } })).toMatchObject({ id })
      }
      await both('a')
      const before = file.statistics.prepared
      for (const id of ['b', 'c', 'd']) await both(id)
      expect(file.statistics.prepared).toEqual(before)
    }))

  test('writes that return rows go to the writer', () =>
    withBilling(async (path) => {
      await using file = await open(path)
      const insert = file.client.$queryRaw`insert into InboxMessage (id, type) values ('a', 't') returning id`
      expect(await insert).toEqual([{ id: 'a' }])
      const update = `with x as (select 'u' as type) update InboxMessage set type = (select type from x) returning type`
      expect(await file.client.$queryRawUnsafe(update)).toEqual([{ type: 'u' }])
      expect(await file.client.$executeRaw`/* why */ delete from InboxMessage`).toBe(1)
    }))

  test('a schema change by another connection breaks no kept statement', () =>
    withBilling(async (path) => {
      sql(path, 'create table thing (a integer); insert into thing values (1)')
      await using file = await open(path)
      const read = () => file.client.$queryRaw`select * from thing`
      const write = () => file.client.$executeRaw`insert into thing (a) values (2)`
      expect(await read()).toEqual([{ a: 1 }])
      await write()
      sql(path, "delete from thing; alter table thing add column b text default 'new'")
      await write()
      expect(await read()).toEqual([{ a: 2, b: 'new' }])
      sql(path, 'drop table thing')
      await expect(read()).rejects.toThrow('no such table')
      await expect(write()).rejects.toThrow('no such table')
      sql(path, 'create table thing (b text, a real)')
      await write()
      expect(await read()).toEqual([{ b: null, a: 2 }])
    }))

  test.each(['attach', 'BEGIN', '  commit', '-- why\nrollback', '/* why */ savepoint x', 'detach main'])(
    '"%s" is refused, outside and inside a transaction',
    (text) =>
      withBilling(async (path) => {
        await using file = await open(path)
        await expect(file.client.$executeRawUnsafe(text)).rejects.toThrow('is refused')
        await expect(file.client.$queryRawUnsafe(text)).rejects.toThrow('is refused')
        await expect(file.client.$transaction((tx) => tx.$executeRawUnsafe(text))).rejects.toThrow('is refused')
      }),
  )

  test('a script runs in a turn of its own and leaves no transaction open', () =>
    withBilling(async (path) => {
      await using opened = await adapterOf(path)
      const { adapter } = opened
      await adapter.executeScript('create table x (a); insert into x values (1); insert into x values (2)')
      await expect(adapter.executeScript('begin; delete from x; select * from nothing')).rejects.toThrow()
      const left = await adapter.queryRaw(query('select count(*) from x'))
      expect(left.rows).toEqual([[2]])
      await adapter.executeScript('begin; delete from x')
      expect((await adapter.queryRaw(query('select count(*) from x'))).rows).toEqual([[2]])
      using _lock = lock(path)
      await expect(adapter.executeScript('drop table x')).rejects.toMatchObject({ cause: { kind: 'SocketTimeout' } })
    }))

  test('a transaction that is over takes no more statements', () =>
    withBilling(async (path) => {
      await using opened = await adapterOf(path)
      const transaction = await opened.adapter.startTransaction()
      await transaction.rollback()
      const late = transaction.executeRaw(query("insert into InboxMessage (id, type) values ('late', 't')"))
      await expect(late).rejects.toMatchObject({ cause: { kind: 'TransactionAlreadyClosed' } })
      await expect(opened.adapter.startTransaction('READ COMMITTED')).rejects.toMatchObject({
        cause: { kind: 'InvalidIsolationLevel' },
      })
    }))
})

describe('closing', () => {
  test('writes that wait are finished, later ones refused, both connections closed, the log gone', () =>
    withBilling(async (path) => {
      const opened = await adapterOf(path)
      const { adapter, factory } = opened
      const insert = (id: string) =>
        adapter.executeRaw(query(`insert into InboxMessage (id, type) values ('${id}', 't')`))
      const transaction = await adapter.startTransaction()
      const waiting = insert('waiting')
      const closed = adapter.dispose()
      await expect(insert('late')).rejects.toMatchObject({ cause: { kind: 'ConnectionClosed' } })
      await transaction.executeRaw(query("insert into InboxMessage (id, type) values ('inside', 't')"))
      await transaction.commit()
      expect(await waiting).toBe(1)
      await closed
      await adapter.dispose()
      await expect(factory.connect()).rejects.toMatchObject({ cause: { kind: 'ConnectionClosed' } })
      expect(onDisk(path)).toEqual(['inside', 'waiting'])
    }))

  test('while another connection stays open, closing still empties the log', () =>
    withBilling(async (path) => {
      const other = new Database(path)
      other.prepare('select count(*) from InboxMessage').get()
      const file = await open(path)
      await file.client.inboxMessage.create(message('a'))
      await file[Symbol.asyncDispose]()
      expect(file.connections.reader.open || file.connections.writer.open).toBe(false)
      expect(logSize(path)).toBe(0)
      other.close()
    }))

  test('a checkpoint moves the log into the file', () =>
    withBilling(async (path) => {
      await using file = await open(path)
      await file.client.inboxMessage.create(message('a'))
      expect(logSize(path)).toBeGreaterThan(0)
      await file.checkpoint()
      expect(logSize(path)).toBe(0)
    }))
})
