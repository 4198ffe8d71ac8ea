// The promises of src/database/adapter.ts. Each scenario runs over the stock adapter too, where it must go wrong: that
// is the proof that it shows what it says.
import { fork, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { describe, expect, test } from 'vitest'
import { ADAPTERS, gate, message, onDisk, openInDeleteMode, openWith, sql, turns, withBilling } from './files.ts'

const children = join(import.meta.dirname, 'children')
const broken = new Error('the request failed')

describe.each(ADAPTERS)('over the adapter "%s"', (adapter) => {
  const ours = adapter === 'ours'
  const says = (stock: string, mine: string) => (ours ? mine : stock)

  test(says('an acknowledged write is lost', 'an acknowledged write is on disk'), () =>
    withBilling(async (path) => {
      await using file = await openWith(adapter, path)
      const [inside, end] = [gate(), gate()]
      const transaction = file.client.$transaction(async (tx) => {
        await tx.inboxMessage.create(message('inside'))
        inside.resolve()
        await end.promise
        throw broken
      })
      await inside.promise
      const outside = file.client.inboxMessage.create(message('outside')).then(({ id }) => id)
      await Promise.race([outside, turns(20)])
      end.resolve()
      await expect(transaction).rejects.toBe(broken)
      expect(await outside).toBe('outside')
      expect(onDisk(path)).toEqual(ours ? ['outside'] : [])
    }),
  )

  test(says('uncommitted rows are read', 'nobody reads uncommitted rows, but the transaction its own'), () =>
    withBilling(async (path) => {
      await using file = await openWith(adapter, path)
      const [inside, end] = [gate(), gate()]
      const transaction = file.client.$transaction(async (tx) => {
        await tx.inboxMessage.create(message('a'))
        expect(await tx.inboxMessage.count()).toBe(1)
        inside.resolve()
        await end.promise
      })
      await inside.promise
      expect(await file.client.inboxMessage.count()).toBe(ours ? 0 : 1)
      end.resolve()
      await transaction
      expect(await file.client.inboxMessage.count()).toBe(1)
    }),
  )

  test(says('a reader at COMMIT breaks the connection', 'after SQLITE_BUSY at COMMIT the next transaction works'), () =>
    withBilling(async (path) => {
      const file = await openInDeleteMode(adapter, path, 20)
      const reader = new Database(path)
      reader.exec('begin; select * from InboxMessage')
      const write = (id: string) => {
        const transaction = file.client.$transaction((tx) => tx.inboxMessage.create(message(id)), { maxWait: 200 })
        return transaction.then(
          () => 'done',
          (error) => error.cause?.originalCode ?? 'broken',
        )
      }
      expect(await write('a')).toBe('SQLITE_BUSY')
      reader.exec('rollback')
      reader.close()
      expect(await write('b')).toBe(says('broken', 'done'))
      await file[Symbol.asyncDispose]()
      expect(onDisk(path)).toEqual(ours ? ['b'] : [])
    }),
  )

  test(says('a short lock at COMMIT fails the transaction', 'a short lock at COMMIT is waited for'), () =>
    withBilling(async (path) => {
      await using file = await openInDeleteMode(adapter, path, ours ? 60_000 : 20)
      const reader = new Database(path)
      reader.exec('begin; select * from InboxMessage')
      const write = file.client.$transaction((tx) => tx.inboxMessage.create(message('a')))
      const ended = write.then(
        () => 'done',
        () => 'failed',
      )
      await Promise.race([ended, turns(200)])
      reader.exec('rollback')
      reader.close()
      expect(await ended).toBe(says('failed', 'done'))
    }),
  )

  test(
    says('a broken reference at COMMIT breaks the connection', 'after a broken reference at COMMIT the next works'),
    () =>
      withBilling(async (path) => {
        sql(path, 'create table child (of text references InboxMessage (id) deferrable initially deferred)')
        await using file = await openWith(adapter, path)
        const orphan = file.client.$transaction((tx) => tx.$executeRaw`insert into child values ('nobody')`)
        await expect(orphan).rejects.toThrow(says('ForeignKeyConstraintViolation', 'depend on each other'))
        const next = file.client.$transaction((tx) => tx.inboxMessage.create(message('b')), { maxWait: 200 })
        expect(
          await next.then(
            () => 'done',
            () => 'broken',
          ),
        ).toBe(says('broken', 'done'))
      }),
  )

  test(says('a full file lets half a transaction through', 'a full file undoes the whole transaction'), () =>
    withBilling(async (path) => {
      sql(path, 'create table large (value text)')
      await using file = await openWith(adapter, path)
      const outcome = file.client.$transaction(async (tx) => {
        await tx.$queryRaw`pragma max_page_count = 60`
        await tx.inboxMessage.create(message('before'))
        const tooLarge = tx.$executeRaw`insert into large values (${'x'.repeat(1 << 20)})`
        await expect(tooLarge).rejects.toThrow(says('SQLITE_FULL', 'has no room to grow'))
        await tx.inboxMessage.create(message('after'))
      })
      await expect(outcome).rejects.toThrow(says('no transaction is active', 'rolled the transaction back'))
      expect(onDisk(path)).toEqual(ours ? [] : ['after'])
      await file.client.inboxMessage.create(message('next'))
    }),
  )

  test(says("another process's lock stops the event loop", "another process's lock leaves the event loop free"), () =>
    withBilling(async (path) => {
      await using file = await openWith(adapter, path, ours ? 60_000 : 100)
      const child = fork(join(children, 'hold-lock.ts'), [path])
      await once(child, 'message')
      const ended = file.client.inboxMessage.create(message('a')).then(
        () => 'done',
        () => 'failed',
      )
      let counted = 0
      let waiting = true
      void ended.finally(() => {
        waiting = false
      })
      while (waiting && counted < 1_000) {
        await turns(1)
        counted += 1
      }
      const exit = once(child, 'exit')
      child.send('let go')
      await exit
      expect(await ended).toBe(says('failed', 'done'))
      if (ours) expect(counted).toBe(1_000)
      else expect(counted).toBeLessThan(100)
      expect(onDisk(path)).toEqual(ours ? ['a'] : [])
    }),
  )
})

test('after an I/O error at COMMIT the next transaction works', () =>
  withBilling(async (path) => {
    // The limit on the size of a file leaves room for the tables, not for a megabyte in the log.
    const script = join(children, 'small-disk.ts')
    const child = spawnSync('sh', ['-c', 'ulimit -f 512 && exec "$0" "$@"', process.execPath, script, path], {
      encoding: 'utf8',
    })
    expect(child.stderr).toBe('')
    const { large, next } = JSON.parse(child.stdout)
    expect(large).toMatch(/^UnavailableError: billing\.db at .* could not be read or written \(SQLITE_IOERR/)
    expect(next).toBe('done')
    expect(onDisk(path)).toEqual(['next'])
  }))
