import { readFileSync } from 'node:fs'
import Database from 'better-sqlite3'
import { describe, expect, test } from 'vitest'
import { type OpenFile, openFile } from '../../src/database/clients.ts'
import { type Clock, systemClock } from '../../src/database/clock.ts'
import type { Tx } from '../../src/database/rows.ts'
import { ConflictError, UnavailableError } from '../../src/errors.ts'
import { gate, HandClock, message, OPTIONS, onDisk, sql, turns, withBilling } from './files.ts'

type Billing = OpenFile<'billing'>
type BillingTx = Tx<'billing'>

const NOW = new Date('2026-06-01T12:00:00.000Z')
const STILL: Clock = { ...systemClock, now: () => 0 }

const withFile = (work: (file: Billing, path: string) => Promise<void>, options = {}): Promise<void> =>
  withBilling(async (path) => {
    await using file = await openFile('billing', path, { ...OPTIONS, clock: STILL, ...options })
    await work(file, path)
  })

const add = (tx: BillingTx, id: string): string => {
  tx.insert('InboxMessage', { id, type: 'test', receivedAt: NOW })
  return id
}

const addAndCount = (tx: BillingTx, id: string): number => {
  add(tx, id)
  return tx.list('InboxMessage', {}).length
}

const ids = (count: number): readonly string[] => Array.from({ length: count }, (_, nth) => `m${1_000 + nth}`)

/** COMMITs in the write-ahead log: frames that say how large the file is then (sqlite.org/fileformat.html, 4.1). */
function commitsIn(path: string): number {
  const log = readFileSync(`${path}-wal`)
  if (log.length < 32) return 0
  const frame = 24 + log.readUInt32BE(8)
  const salts = log.subarray(16, 24)
  let commits = 0
  for (let at = 32; at + frame <= log.length; at += frame) {
    if (!log.subarray(at + 8, at + 16).equals(salts)) break
    if (log.readUInt32BE(at + 4) > 0) commits += 1
  }
  return commits
}

async function countCommits(path: string, work: () => Promise<unknown>): Promise<number> {
  const before = commitsIn(path)
  await work()
  return commitsIn(path) - before
}

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

const outcome = (promise: Promise<unknown>): Promise<unknown> => promise.catch((error: unknown) => error)

describe('a group', () => {
  test('shares one COMMIT, in the order of arrival', () =>
    withFile(async (file, path) => {
      const wanted = ids(50)
      const commits = await countCommits(path, async () => {
        const answers = await Promise.all(wanted.map((id) => file.change((tx) => add(tx, id))))
        expect(answers).toEqual(wanted)
      })
      expect(commits).toBe(1)
      expect(onDisk(path, 'rowid')).toEqual(wanted)
    }))

  test('takes no more than 200, and the others come in the next ones', () =>
    withFile(async (file, path) => {
      const wanted = ids(450)
      const commits = await countCommits(path, () => Promise.all(wanted.map((id) => file.change((tx) => add(tx, id)))))
      expect(commits).toBe(3)
      expect(onDisk(path, 'rowid')).toEqual(wanted)
    }))

  test('ends when its time is up, and the others keep their order', () =>
    withBilling(async (path) => {
      let time = 0
      await using file = await openFile('billing', path, { ...OPTIONS, clock: { ...systemClock, now: () => time } })
      const slow = (id: string) =>
        file.change((tx) => {
          time += 4
          return add(tx, id)
        })
      const wanted = ids(7)
      expect(await countCommits(path, () => Promise.all(wanted.map(slow)))).toBe(3) // Three of 4 ms, three, one.
      expect(onDisk(path, 'rowid')).toEqual(wanted)
    }))

  test('loses only the rows of a change that throws', () =>
    withFile(async (file, path) => {
      const answers = await Promise.allSettled(
        ids(6).map((id, nth) =>
          file.change((tx) => {
            add(tx, id)
            add(tx, `${id}-second`)
            if (nth % 2 === 1) throw new ConflictError(`no ${id}`)
          }),
        ),
      )
      expect(answers.map(({ status }) => status)).toEqual(ids(6).map((_, nth) => ['fulfilled', 'rejected'][nth % 2]))
      expect(onDisk(path)).toEqual(['m1000', 'm1002', 'm1004'].flatMap((id) => [id, `${id}-second`]))
    }))

  test('commits nothing where every change threw, alone or together', () =>
    withFile(async (file, path) => {
      const fail = (id: string) =>
        outcome(
          file.change((tx) => {
            add(tx, id)
            throw new ConflictError('no')
          }),
        )
      expect(await countCommits(path, () => fail('alone'))).toBe(0)
      expect(await countCommits(path, () => Promise.all(ids(3).map(fail)))).toBe(0)
      expect(onDisk(path)).toEqual([])
    }))

  test('a change sees the rows of those before it, also of its own group', () =>
    withFile(async (file) => {
      const count = (id: string) => file.change((tx) => addAndCount(tx, id))
      expect(await Promise.all(['a', 'b', 'c'].map(count))).toEqual([1, 2, 3])
    }))

  test('whoever is answered finds the row by every way of reading', () =>
    withFile(async (file) => {
      for (const id of ids(30)) {
        const other = file.change((tx) => add(tx, `${id}-beside`))
        await file.change((tx) => add(tx, id))
        expect(file.rows.find('InboxMessage', { id })?.id).toBe(id)
        expect(await file.client.inboxMessage.count({ where: { id } })).toBe(1)
        await other
      }
    }))

  test('a change asked for while a group is written comes in the next', () =>
    withFile(async (file, path) => {
      let inner: Promise<string> | undefined
      await file.change((tx) => {
        add(tx, 'outer')
        inner = file.change((later) => add(later, 'inner'))
      })
      expect(await inner).toBe('inner')
      expect(onDisk(path, 'rowid')).toEqual(['outer', 'inner'])
    }))
})

describe('a change that waits for something', () => {
  test.each([1, 3])('is refused and leaves nothing, among %i', (among) =>
    withFile(async (file, path) => {
      const others = ids(among - 1).map((id) => file.change((tx) => add(tx, id)))
      const late = file.change(async (tx) => {
        add(tx, 'late')
        await turns(1)
        throw new Error('nobody waits for this')
      })
      await expect(late).rejects.toThrow('must not wait')
      await Promise.all(others)
      await turns(5) // Its own rejection reaches nobody: it must not end the process.
      expect(onDisk(path)).toEqual(ids(among - 1))
    }),
  )

  test('also where it waits in the way of Prisma, whose query then never runs', () =>
    withFile(async (file, path) => {
      const late = file.change(() => file.client.inboxMessage.create(message('late')))
      await expect(late).rejects.toThrow('must not wait')
      await file.change((tx) => add(tx, 'after'))
      expect(onDisk(path)).toEqual(['after'])
    }))
})

describe('a COMMIT that fails', () => {
  const DEFERRED = `create table parent (id text primary key);
    create table child (id text primary key, parent text references parent(id) deferrable initially deferred)`

  test('is told to all of the group, and nothing of it is on disk', () =>
    withBilling(async (path) => {
      sql(path, DEFERRED)
      await using file = await openFile('billing', path, { ...OPTIONS, clock: STILL })
      const answers = await Promise.allSettled([
        file.change((tx) => add(tx, 'a')),
        file.change((tx) => tx.run(`insert into child values ('c', 'nobody')`)),
        file.change((tx) => add(tx, 'b')),
      ])
      expect(answers.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
      expect(onDisk(path)).toEqual([])
      expect(file.connections.writer.inTransaction).toBe(false)
      await file.change((tx) => add(tx, 'next'))
      expect(onDisk(path)).toEqual(['next'])
    }))

  test('also to one whose refusal rested on rows that are gone with it', () =>
    withBilling(async (path) => {
      sql(path, DEFERRED)
      await using file = await openFile('billing', path, { ...OPTIONS, clock: STILL })
      const refusedFor = (id: string) =>
        file.change((tx) => {
          if (tx.find('InboxMessage', { id })) throw new ConflictError('it is there already')
          add(tx, id)
        })
      const [, second] = await Promise.all([
        outcome(refusedFor('a')),
        outcome(refusedFor('a')),
        outcome(file.change((tx) => tx.run(`insert into child values ('c', 'nobody')`))),
      ])
      expect(second).toBeInstanceOf(Error)
      expect((second as Error).message).not.toContain('already')
      expect(onDisk(path)).toEqual([])
    }))
})

describe('a file that cannot be written', () => {
  const MANY = `insert into InboxMessage (id, type) select value, hex(zeroblob(2000)) from json_each(?)`
  const fill = (tx: BillingTx, nth: number) =>
    tx.insert('InboxMessage', { id: `fill${nth}`, type: 'x'.repeat(4_000), receivedAt: NOW })

  test('full: SQLite takes the group back, all of it hear so, those after it are written', () =>
    withFile(async (file, path) => {
      const pages = file.connections.writer.pragma('page_count', { simple: true }) as number
      file.connections.writer.pragma(`max_page_count = ${pages + 2}`)
      const small = outcome(file.change((tx) => add(tx, 'small')))
      const large = outcome(
        file.change((tx) => {
          for (let nth = 0; nth < 50; nth++) fill(tx, nth)
        }),
      )
      const after = file.change((tx) => add(tx, 'after'))
      for (const error of [await small, await large]) {
        expect(error).toBeInstanceOf(UnavailableError)
        expect((error as Error).message).toMatch(/billing.db at .* has no room to grow \(SQLITE_FULL\)/)
      }
      await after
      expect(onDisk(path)).toEqual(['after'])
    }))

  test('full in one statement of many rows: the change alone is refused', () =>
    withFile(async (file, path) => {
      const pages = file.connections.writer.pragma('page_count', { simple: true }) as number
      file.connections.writer.pragma(`max_page_count = ${pages + 2}`)
      const before = file.change((tx) => add(tx, 'before'))
      const large = outcome(file.change((tx) => tx.run(MANY, JSON.stringify(ids(500)))))
      const after = file.change((tx) => add(tx, 'after'))
      expect(await large).toBeInstanceOf(UnavailableError)
      const answers = await Promise.allSettled([before, after])
      const kept = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []))
      expect([...onDisk(path)].sort()).toEqual(kept.sort())
      expect(kept).toContain('after')
    }))

  test('read-only: each hears so, and a later one is written when it is over', () =>
    withFile(async (file, path) => {
      file.connections.writer.pragma('query_only = on')
      for (const error of await Promise.all(ids(3).map((id) => outcome(file.change((tx) => add(tx, id)))))) {
        expect(error).toBeInstanceOf(UnavailableError)
        expect((error as Error).message).toContain('cannot be written')
      }
      file.connections.writer.pragma('query_only = off')
      await file.change((tx) => add(tx, 'later'))
      expect(onDisk(path)).toEqual(['later'])
    }))

  test('a change that ends the transaction itself takes the group with it, not those after it', () =>
    withFile(async (file, path) => {
      const answers = await Promise.allSettled([
        file.change((tx) => add(tx, 'a')),
        file.change(() => void file.connections.writer.exec('rollback')),
        file.change((tx) => add(tx, 'b')),
      ])
      expect(answers.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'fulfilled'])
      expect(onDisk(path)).toEqual(['b'])
    }))

  test('a change that takes its savepoint away fails the group, and nobody waits for ever', () =>
    withFile(async (file, path) => {
      const answers = await Promise.allSettled([
        file.change((tx) => add(tx, 'a')),
        file.change(() => void file.connections.writer.exec('release unit')),
        file.change((tx) => add(tx, 'b')),
      ])
      const kept = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value as string] : []))
      expect(onDisk(path)).toEqual(kept)
      expect(kept).toEqual(['b'])
    }))
})

describe('a lock of another process', () => {
  test('refuses those who have waited long, by name and time, and keeps who came later', () =>
    withBilling(async (path) => {
      const clock = new HandClock()
      await using file = await openFile('billing', path, { ...OPTIONS, busyTimeoutMs: 100, clock })
      const held = lock(path)
      const first = outcome(file.change((tx) => add(tx, 'first')))
      await clock.advance(60)
      const second = outcome(file.change((tx) => add(tx, 'second')))
      await clock.advance(45)
      const error = await first
      expect(error).toBeInstanceOf(UnavailableError)
      expect((error as UnavailableError).message).toBe(
        `billing.db at ${path} is locked by another process: waited 100 ms for it`,
      )
      expect((error as UnavailableError).retryAfter).toBe(1)
      held[Symbol.dispose]()
      await clock.advance(60)
      expect(await second).toBe('second')
      expect(onDisk(path)).toEqual(['second'])
    }))

  test('is waited for while nobody gives up', () =>
    withBilling(async (path) => {
      const clock = new HandClock()
      await using file = await openFile('billing', path, { ...OPTIONS, busyTimeoutMs: 1_000, clock })
      const held = lock(path)
      const changes = ids(5).map((id) => file.change((tx) => add(tx, id)))
      await clock.advance(900)
      held[Symbol.dispose]()
      await clock.advance(100)
      expect(await Promise.all(changes)).toEqual(ids(5))
    }))
})

describe('beside Prisma', () => {
  test('a change waits for an interactive transaction and is no part of it', () =>
    withFile(async (file, path) => {
      const hold = gate()
      const begun = gate()
      const transaction = outcome(
        file.client.$transaction(async (tx) => {
          await tx.inboxMessage.create(message('undone'))
          begun.resolve()
          await hold.promise
          throw new Error('back')
        }),
      )
      await begun.promise
      const change = file.change((tx) => addAndCount(tx, 'kept'))
      await turns(5)
      expect(onDisk(path)).toEqual([])
      hold.resolve()
      await transaction
      expect(await change).toBe(1)
      expect(onDisk(path)).toEqual(['kept'])
    }))

  test('writes of all ways take turns, and every one that is answered is on disk', () =>
    withFile(async (file, path) => {
      const ways = [
        (id: string) => file.change((tx) => add(tx, id)),
        (id: string) => file.client.inboxMessage.create(message(id)),
        (id: string) => file.client.$transaction((tx) => turns(1).then(() => tx.inboxMessage.create(message(id)))),
        (id: string) => file.change((tx) => [id, id].map((same) => add(tx, same))), // The second row is refused, and so the first.
      ]
      const wanted = ids(80)
      const answers = await Promise.allSettled(wanted.map((id, nth) => ways[nth % ways.length]?.(id)))
      const answered = wanted.filter((_, nth) => answers[nth]?.status === 'fulfilled')
      expect(answered).toHaveLength(60)
      expect(onDisk(path)).toEqual(answered)
    }))
})

describe('closing', () => {
  test('answers everybody: with the row on disk, or with a refusal and without it', () =>
    withBilling(async (path) => {
      const file = await openFile('billing', path, { ...OPTIONS, clock: STILL })
      const wanted = ids(450)
      const changes = wanted.map((id) => file.change((tx) => add(tx, id)))
      await turns(1)
      const closed = file[Symbol.asyncDispose]()
      const answers = await Promise.allSettled(changes)
      await closed
      const kept = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []))
      expect(onDisk(path)).toEqual(kept)
      for (const answer of answers) if (answer.status === 'rejected') expect(answer.reason.status).toBe(503)
    }))

  test('refuses a change that comes later', () =>
    withBilling(async (path) => {
      const file = await openFile('billing', path, OPTIONS)
      await file[Symbol.asyncDispose]()
      await expect(file.change((tx) => add(tx, 'late'))).rejects.toThrow(/is closed/)
    }))
})
