import { DriverAdapterError } from '@prisma/driver-adapter-utils'
import Database from 'better-sqlite3'
import { describe, expect, test } from 'vitest'
import { openFile } from '../../src/database/clients.ts'
import { domainError, knownError } from '../../src/database/errors.ts'
import { ConflictError } from '../../src/errors.ts'
import { gate, message, OPTIONS, withBilling } from './files.ts'

const path = '/data/billing/billing.db'
const sqlite = (code: string) => new Database.SqliteError('words of SQLite', code)

describe('domainError', () => {
  test.each([
    ['SQLITE_BUSY', 'UnavailableError', 503, `billing.db at ${path} is locked (SQLITE_BUSY)`],
    ['SQLITE_FULL', 'UnavailableError', 503, `billing.db at ${path} has no room to grow (SQLITE_FULL)`],
    [
      'SQLITE_IOERR_WRITE',
      'UnavailableError',
      503,
      `billing.db at ${path} could not be read or written (SQLITE_IOERR_WRITE)`,
    ],
    [
      'SQLITE_READONLY_DBMOVED',
      'UnavailableError',
      503,
      `billing.db at ${path} cannot be written (SQLITE_READONLY_DBMOVED)`,
    ],
    ['SQLITE_CORRUPT', 'FileError', 500, `billing.db at ${path} is damaged (SQLITE_CORRUPT)`],
    ['SQLITE_NOTADB', 'FileError', 500, `billing.db at ${path} is damaged (SQLITE_NOTADB)`],
    ['SQLITE_ERROR', 'GoggaError', 500, 'An unexpected error in billing.db'],
  ])('%s becomes %s', (code, name, status, text) => {
    const error = domainError(sqlite(code), 'billing', path)
    expect(error).toMatchObject({ name, status, message: text, cause: { code } })
  })

  test('the same code in the words of a driver adapter says the same', () => {
    const error = new DriverAdapterError({
      kind: 'sqlite',
      extendedCode: 13,
      message: 'full',
      originalCode: 'SQLITE_FULL',
    })
    expect(domainError(error, 'billing').message).toBe('billing.db has no room to grow (SQLITE_FULL)')
  })

  test('an error of the family stays as it is', () => {
    const error = new ConflictError('taken')
    expect(domainError(error, 'billing')).toBe(error)
  })

  test.each([new TypeError('a mistake'), 'a string', null])('%s is nothing known, and internal', (error) => {
    expect(knownError(error, 'billing')).toBeUndefined()
    expect(domainError(error, 'billing')).toMatchObject({ code: 'internal', status: 500, cause: error })
  })
})

describe('over a client', () => {
  test.each<
    [string, (client: Awaited<ReturnType<typeof openFile<'billing'>>>['client']) => PromiseLike<unknown>, object]
  >([
    ['a taken key', (client) => client.inboxMessage.create(message('a')), { name: 'ConflictError', status: 409 }],
    [
      'a taken key in raw SQL',
      (client) => client.$executeRaw`insert into InboxMessage (id, type) values ('a', 't')`,
      { name: 'ConflictError', errors: [{ at: 'id', message: 'is taken' }] },
    ],
    [
      'a row that is not there',
      (client) => client.inboxMessage.update({ where: { id: 'none' }, data: { type: 'x' } }),
      { name: 'NotFoundError', status: 404 },
    ],
    [
      'the same inside a transaction',
      (client) => client.$transaction((tx) => tx.inboxMessage.findUniqueOrThrow({ where: { id: 'none' } })),
      { name: 'NotFoundError', status: 404 },
    ],
    [
      "a transaction that did not begin within the caller's own bound",
      (client) => {
        const end = gate()
        const first = client.$transaction(() => end.promise)
        const second = client.$transaction(async () => 'done', { maxWait: 1 })
        return second.finally(() => {
          end.resolve()
          return first
        })
      },
      { name: 'UnavailableError', status: 503 },
    ],
  ])('%s', (_, act, expected) =>
    withBilling(async (file) => {
      await using opened = await openFile('billing', file, OPTIONS)
      await opened.client.inboxMessage.create(message('a'))
      await expect(Promise.resolve(act(opened.client))).rejects.toMatchObject(expected)
    }),
  )

  test.each([
    ['of a taken key', {}],
    ['of a mistake in the program', { type: 5 as unknown as string }],
  ])('the message %s repeats no value', (_, more) =>
    withBilling(async (file) => {
      await using opened = await openFile('billing', file, OPTIONS)
      const { data } = message('someone-of-ours')
      await opened.client.inboxMessage.create({ data })
      const failed = opened.client.inboxMessage.create({ data: { ...data, ...more } })
      const error = await failed.then(
        () => undefined,
        (reason: unknown) => reason,
      )
      expect(error).toBeInstanceOf(Error)
      expect(JSON.stringify([String(error), error])).not.toContain('someone')
    }),
  )

  test('a closed file', () =>
    withBilling(async (file) => {
      const opened = await openFile('billing', file, OPTIONS)
      await opened[Symbol.asyncDispose]()
      const expected = { name: 'UnavailableError', message: `billing.db at ${file} is closed` }
      await expect(opened.client.inboxMessage.findMany()).rejects.toMatchObject(expected)
      await expect(opened.client.$transaction(async () => 'done')).rejects.toMatchObject(expected)
    }))
})
