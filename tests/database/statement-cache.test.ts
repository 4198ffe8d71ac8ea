import Database from 'better-sqlite3'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { StatementCache } from '../../src/database/statement-cache.ts'

let connection: Database.Database

beforeEach(() => {
  connection = new Database(':memory:')
  connection.exec('create table t (a integer); insert into t values (1), (2), (3)')
})

afterEach(() => connection.close())

test('a text is compiled once', () => {
  const cache = new StatementCache(connection)
  const first = cache.get('select a from t where a > ?')
  expect(first.all([1])).toEqual([[2n], [3n]])
  expect(cache.get('select a from t where a > ?')).toBe(first)
  expect(first.all([2])).toEqual([[3n]])
  expect(cache.prepared).toBe(1)
})

test('the least recently used statement goes first', () => {
  const cache = new StatementCache(connection, 2)
  const [a, b, c] = ['select 1', 'select 2', 'select 3']
  for (const sql of [a, b, a, c, a]) cache.get(sql)
  expect(cache.prepared).toBe(3)
  cache.get(b)
  expect(cache.prepared).toBe(4)
  expect(cache.size).toBe(2)
})

test('a very long text is not kept, so that it pushes nothing out', () => {
  const cache = new StatementCache(connection)
  const long = `select a from t where a in (${Array.from({ length: 9_000 }, () => '1').join(',')})`
  expect(cache.get(long).all([])).toEqual([[1n]])
  expect(cache.size).toBe(0)
})

test('a statement that is being stepped through is not given to a second user', () => {
  const cache = new StatementCache(connection)
  const sql = 'select a from t order by a'
  const rows = cache.get(sql).iterate([])
  expect(rows.next().value).toEqual([1n])
  const second = cache.get(sql)
  expect(second.all([])).toEqual([[1n], [2n], [3n]])
  expect(rows.next().value).toEqual([2n])
  rows.return?.()
  expect(cache.get(sql)).not.toBe(second)
})

test("the connection's own default for integers stays", () => {
  const cache = new StatementCache(connection)
  cache.get('select a from t').all([])
  expect(connection.prepare('select a from t limit 1').pluck().get()).toBe(1)
})
