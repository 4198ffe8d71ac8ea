import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { quote, relationsOf, resources } from '../../src/database/catalog.ts'
import { openReader, openWriter } from '../../src/database/connections.ts'
import { DOMAINS, type Domain } from '../../src/database/domains.ts'
import { seededRandom } from '../../src/ops/makers.ts'
import { isEmpty, seed } from '../../src/ops/seed.ts'
import { findPii } from '../../src/pii/find.ts'
import { type Databases, withDatabases } from '../helpers/databases.ts'

const options = { people: 60, now: Date.UTC(2026, 10, 22), random: seededRandom(7) }

function rowsOf({ paths }: Databases, domain: Domain, sql: string): unknown[] {
  const reader = openReader(domain, paths[domain])
  try {
    return reader.prepare(sql).raw().all()
  } finally {
    reader.close()
  }
}

describe('seed', () => {
  it('fills every resource and leaves no link without its row', () =>
    withDatabases((databases) => {
      seed(databases.paths, options)
      for (const model of resources) {
        const rows = rowsOf(databases, model.domain, `select * from ${quote(model.name)}`)
        expect(rows.length, model.name).toBeGreaterThan(0)
        for (const relation of relationsOf(model).filter(({ forward, subject }) => forward && !subject)) {
          const keys = rowsOf(
            databases,
            model.domain,
            `select ${quote(relation.fromColumn)} from ${quote(model.name)}`,
          ).flat()
          const known = new Set(
            rowsOf(
              databases,
              relation.to.domain,
              `select ${quote(relation.toColumn)} from ${quote(relation.to.name)}`,
            ).flat(),
          )
          expect(
            keys.filter((key) => key !== null && !known.has(key)),
            `${model.name}.${relation.name}`,
          ).toEqual([])
        }
      }
    }))

  it('writes no personal information outside identity.db', () =>
    withDatabases((databases) => {
      seed(databases.paths, options)
      for (const model of resources.filter(({ domain }) => domain !== 'identity')) {
        const texts = rowsOf(databases, model.domain, `select * from ${quote(model.name)}`).flat(2)
        const found = texts.filter((text) => typeof text === 'string' && findPii(text).length > 0)
        expect(found, model.name).toEqual([])
      }
    }))

  it('gives the same people for the same seed', () =>
    withDatabases((first) =>
      withDatabases((second) => {
        const people = (databases: Databases) => {
          seed(databases.paths, { ...options, random: seededRandom(3) })
          return DOMAINS.map((domain) =>
            resources
              .filter((model) => model.domain === domain)
              .map(({ name }) => rowsOf(databases, domain, `select * from ${quote(name)}`)),
          )
        }
        expect(people(first)).toEqual(people(second))
      }),
    ))

  it('refuses files that hold a single row, and changes nothing', () =>
    withDatabases((databases) => {
      const writer = openWriter('admin', databases.paths.admin)
      writer.exec(`insert into "VoucherLog" (id, "voucherId", action, actor) values ('l1', 'v1', 'created', 'system')`)
      writer.close()
      expect(isEmpty(databases.paths)).toBe(false)
      expect(() => seed(databases.paths, options)).toThrow('seeding fills empty files only')
      expect(rowsOf(databases, 'identity', 'select * from "User"')).toEqual([])
      expect(rowsOf(databases, 'admin', 'select id from "VoucherLog"')).toEqual([['l1']])
    }))

  it('begins again where an earlier run was interrupted between two files', () =>
    withDatabases((databases) => {
      seed(databases.paths, options)
      const writer = openWriter('billing', databases.paths.billing)
      writer.exec('delete from "ProcessedPayment"')
      writer.close()
      writeFileSync(join(databases.dir, 'identity', '.seeding'), '')
      expect(isEmpty(databases.paths)).toBe(true)
      seed(databases.paths, { ...options, people: 20 })
      expect(rowsOf(databases, 'identity', 'select id from "User"')).toHaveLength(20)
      expect(isEmpty(databases.paths)).toBe(false)
    }))
})
