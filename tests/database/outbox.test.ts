import { describe, expect, test } from 'vitest'
import { type OpenFile, openFile } from '../../src/database/clients.ts'
import { claimDue, isAnythingDue, postMessage, removeDelivered, waitingOf } from '../../src/database/outbox.ts'
import type { Rows, Tx } from '../../src/database/rows.ts'
import { OPTIONS, withBilling } from './files.ts'

const NOW = new Date('2026-06-01T12:00:00.000Z')
const later = (milliseconds: number): Date => new Date(NOW.getTime() + milliseconds)
const LEASE = 3_000

type Billing = OpenFile<'billing'>

const withFile = (work: (file: Billing) => Promise<void>): Promise<void> =>
  withBilling(async (path) => {
    await using file = await openFile('billing', path, OPTIONS)
    await work(file)
  })

const rows = (file: Billing) => file.rows as unknown as Rows<'identity' | 'billing' | 'admin'>
const change = <T>(file: Billing, work: (tx: Tx) => T): Promise<T> => file.change((tx) => work(tx as unknown as Tx))

const put = (file: Billing, id: string, subjectId: string | null = null, at = NOW): Promise<void> =>
  change(file, (tx) =>
    postMessage(tx, { id, type: 'test', target: 'admin', subjectId, payload: '{}', changeId: null }, at),
  )

const claim = (file: Billing, at: Date, limit = 100): Promise<string[]> =>
  change(file, (tx) => claimDue(tx, at, limit).map(({ id }) => id))

const waiting = (file: Billing, subjectId: string | null, id = ''): string[] =>
  waitingOf(rows(file), { id, subjectId }).map((row) => row.id)

describe('a message', () => {
  test('keeps what it was written with, however often it is written', () =>
    withFile(async (file) => {
      await put(file, 'm', 'ann')
      await change(file, (tx) =>
        postMessage(
          tx,
          { id: 'm', type: 'other', target: 'identity', subjectId: 'bob', payload: '[]', changeId: 'c' },
          later(1),
        ),
      )
      expect(rows(file).list('OutboxMessage', {})).toEqual([
        {
          ...{ id: 'm', type: 'test', target: 'admin', subjectId: 'ann', changeId: null, payload: '{}', attempts: 0 },
          ...{ createdAt: NOW, nextAttemptAt: later(LEASE), deadAt: null, reason: null },
        },
      ])
    }))

  test('goes with the transaction that wrote it', () =>
    withFile(async (file) => {
      const failed = change(file, (tx) => {
        postMessage(tx, { id: 'm', type: 'test', target: 'admin', subjectId: null, payload: '{}', changeId: null }, NOW)
        throw new Error('back')
      })
      await expect(failed).rejects.toThrow('back')
      expect(rows(file).list('OutboxMessage', {})).toEqual([])
    }))

  test('waits with those of its subject, in the order of writing; of nobody, alone', () =>
    withFile(async (file) => {
      for (const id of ['c', 'a', 'b']) await put(file, id, 'ann')
      await put(file, 'x', 'bob')
      await put(file, 'n1')
      await put(file, 'n2')
      expect(waiting(file, 'ann')).toEqual(['c', 'a', 'b'])
      expect(waiting(file, null, 'n2')).toEqual(['n2'])
      await change(file, (tx) => removeDelivered(tx, ['b', 'c']))
      await put(file, 'aa', 'ann') // SQLite may give the place of the last row again: never one before those that are left.
      expect(waiting(file, 'ann')).toEqual(['a', 'aa'])
    }))

  test('that is dead waits no more', () =>
    withFile(async (file) => {
      await put(file, 'm', 'ann')
      await change(file, (tx) => tx.update('OutboxMessage', { id: 'm' }, { deadAt: NOW }))
      expect(waiting(file, 'ann')).toEqual([])
      expect(await claim(file, later(1_000_000))).toEqual([])
      expect(isAnythingDue(rows(file), later(1_000_000))).toBe(false)
    }))
})

describe('what is due', () => {
  test('begins when the writer has had its time, to the millisecond', () =>
    withFile(async (file) => {
      await put(file, 'm')
      expect(isAnythingDue(rows(file), later(LEASE - 1))).toBe(false)
      expect(await claim(file, later(LEASE - 1))).toEqual([])
      expect(isAnythingDue(rows(file), later(LEASE))).toBe(true)
      expect(await claim(file, later(LEASE))).toEqual(['m'])
    }))

  test('is claimed once, until the claim has run out', () =>
    withFile(async (file) => {
      await put(file, 'm')
      expect(await claim(file, later(LEASE))).toEqual(['m'])
      expect(await claim(file, later(2 * LEASE - 1))).toEqual([])
      expect(await claim(file, later(2 * LEASE))).toEqual(['m'])
    }))

  test('is claimed the longest due first, no more than asked for', () =>
    withFile(async (file) => {
      await put(file, 'late', null, later(20))
      await put(file, 'early', null, NOW)
      await put(file, 'middle', null, later(10))
      expect((await claim(file, later(LEASE + 20), 2)).sort()).toEqual(['early', 'middle'])
      expect(await claim(file, later(LEASE + 20), 2)).toEqual(['late'])
    }))

  test('is claimed by two at once by one of them only', () =>
    withFile(async (file) => {
      for (let nth = 0; nth < 20; nth++) await put(file, `m${nth}`)
      const claims = await Promise.all([claim(file, later(LEASE), 12), claim(file, later(LEASE), 12)])
      expect(claims.map(({ length }) => length)).toEqual([12, 8])
      expect(new Set(claims.flat()).size).toBe(20)
    }))
})
