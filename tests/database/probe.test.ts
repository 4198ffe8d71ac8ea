import { renameSync, rmSync } from 'node:fs'
import Database from 'better-sqlite3'
import { describe, expect, test } from 'vitest'
import { type OpenFile, openFile } from '../../src/database/clients.ts'
import { DOMAINS } from '../../src/database/domains.ts'
import { probe } from '../../src/database/probe.ts'
import { FileError } from '../../src/errors.ts'
import { type Databases, withDatabases } from '../helpers/databases.ts'
import { OPTIONS, sql } from './files.ts'

type Files = readonly OpenFile[]

async function withOpenFiles(run: (files: Files, databases: Databases) => void | Promise<void>): Promise<void> {
  await withDatabases(async (databases) => {
    await using stack = new AsyncDisposableStack()
    const files: OpenFile[] = []
    for (const domain of DOMAINS) files.push(stack.use(await openFile(domain, databases.paths[domain], OPTIONS)))
    await run(files, databases)
  })
}

const billing = (files: Files): OpenFile => {
  const file = files.find(({ domain }) => domain === 'billing')
  if (!file) throw new Error('No billing.db')
  return file
}

test('three fresh files pass, also after reads, writes and temporary sorting', () =>
  withOpenFiles(async (files) => {
    probe(files)
    for (const { client } of files) {
      await client.$executeRaw`insert into Tombstone (subjectId, erasedAt) values ('s', '2026-01-01T00:00:00.000+00:00')`
      await client.$queryRaw`select * from Tombstone order by erasedAt desc`
    }
    probe(files)
  }))

interface Case {
  readonly what: string
  readonly plant: (file: OpenFile, databases: Databases) => void
  readonly says: RegExp
}

const cases: readonly Case[] = [
  {
    what: 'a second file attached to the writer',
    plant: ({ connections }, { paths }) => connections.writer.prepare('attach ? as other').run(paths.identity),
    says: /^The writer of billing\.db sees more than .*billing\.db: other \(.*identity\.db\)$/,
  },
  {
    what: 'a second file attached to the reader',
    plant: ({ connections }, { paths }) => connections.reader.prepare('attach ? as other').run(paths.admin),
    says: /^The reader of billing\.db sees more than .*billing\.db: other \(.*admin\.db\)$/,
  },
  {
    what: 'a temporary table',
    plant: ({ connections }) => connections.writer.exec('create temp table notes (a)'),
    says: /^The writer of billing\.db sees more than .*: temp \(temporary\)$/,
  },
  {
    what: 'a table of another domain',
    plant: ({ path }) => sql(path, 'create table User (id text)'),
    says: /^The (reader|writer) of billing\.db has the foreign User$/,
  },
  {
    what: 'a view',
    plant: ({ path }) => sql(path, 'create view SubscriptionStats as select 1 as a'),
    says: /billing\.db has the foreign SubscriptionStats$/,
  },
  {
    what: 'a missing table',
    plant: ({ path }) => sql(path, 'drop table Tombstone'),
    says: /billing\.db lacks Tombstone$/,
  },
  {
    what: 'another application_id',
    plant: ({ path }) => sql(path, `pragma application_id = ${0x47474964}`),
    says: /^The (reader|writer) of billing\.db sees identity .*, expected billing /,
  },
  {
    what: 'another file moved to its path',
    plant: ({ path }, { paths }) => renameSync(paths.admin, path),
    says: /^billing\.db at .* is not the file that was opened: another file took its place$/,
  },
  {
    what: 'a file that was deleted',
    plant: ({ path }) => rmSync(path),
    says: /^billing\.db at .* is not the file that was opened: the file was moved or deleted$/,
  },
]

test('what Litestream keeps in a file is not foreign, what looks like it is', () =>
  withOpenFiles((files) => {
    const { path } = billing(files)
    for (const table of ['_litestream_seq', '_litestream_lock']) sql(path, `create table ${table} (id integer)`)
    expect(() => probe(files)).not.toThrow()
    sql(path, 'create table _litestream_users (id integer)')
    expect(() => probe(files)).toThrow(/has the foreign _litestream_users$/)
  }))

describe('refuses', () => {
  test.each(cases)('$what', ({ plant, says }) =>
    withOpenFiles((files, databases) => {
      plant(billing(files), databases)
      expect(() => probe(files)).toThrow(FileError)
      expect(() => probe(files)).toThrow(says)
    }),
  )

  test('a reader that was opened on another file', () =>
    withOpenFiles((files, { paths }) => {
      const file = billing(files)
      using reader = disposable(new Database(paths.admin, { readonly: true }))
      const swapped = { ...file, connections: { ...file.connections, reader: reader.connection } }
      expect(() => probe([swapped])).toThrow(/^The reader of billing\.db sees .*admin\.db, expected .*billing\.db$/)
    }))

  test('at opening, the file of another domain, with both names', () =>
    withDatabases(async ({ paths }) => {
      await expect(openFile('billing', paths.identity, OPTIONS)).rejects.toThrow(
        /identity\.db is .*identity.*expected .*billing/,
      )
    }))
})

const disposable = (connection: Database.Database) => ({ connection, [Symbol.dispose]: () => void connection.close() })
