// docs/compliance.md is true: its commands, routes, tables and links exist, and every command about compliance is in it.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { expect, test } from 'vitest'
import { VERBS } from '../../src/commands/gogga.ts'
import { AUTHORIZATION } from '../../src/http/authorization.ts'
import { withDatabases } from '../helpers/databases.ts'
import { brokenLinks, commandsIn, faultsOf } from '../helpers/document.ts'

const FOLDER = join(import.meta.dirname, '../../docs')
const document = readFileSync(join(FOLDER, 'compliance.md'), 'utf8')

test.each(commandsIn(document))('it may say: npx gogga %s', async (words) => {
  expect(await faultsOf(words)).toEqual([])
})

test('a command or an option that there is not would be told', async () => {
  expect(await faultsOf('audits --json')).toHaveLength(1)
  expect(await faultsOf('audit verify --against x')).toEqual(['audit verify has no --against'])
})

test('it names every command about compliance', () => {
  const verbs = VERBS.filter((verb) =>
    /^(audit|subject|evidence|breach|data-map|purposes|access-log|purge|drill)\b/.test(verb),
  )
  expect(verbs.length).toBeGreaterThan(14)
  for (const verb of verbs) expect(document).toContain(`npx gogga ${verb}`)
})

test('it names routes that there are, and all of those about compliance', () => {
  const routes = [...AUTHORIZATION.keys()].map((route) => route.replace(/^\S+ /, '').replace(':id', '{id}'))
  const named = [...document.matchAll(/`(?:(?:GET|POST|DELETE) )?(\/v1\/[^`]+)`/g)].map(([, path]) => path)
  expect(named.length).toBeGreaterThan(3)
  for (const path of named) expect(routes).toContain(path)
  for (const path of routes.filter((route) => /^\/v1\/(compliance|subjects)/.test(route))) expect(named).toContain(path)
})

test('it asks sqlite3 for what there is', () =>
  withDatabases(({ dir }) => {
    const queries = [...document.matchAll(/^sqlite3 data(\/\S+\.db) "(.*)"$/gm)]
    expect(queries.length).toBeGreaterThan(4)
    for (const [, file = '', sql = ''] of queries) {
      const database = new Database(join(dir, file), { readonly: true, fileMustExist: true })
      expect(database.prepare(sql).all(), sql).toBeInstanceOf(Array)
      database.close()
    }
  }))

test('it links to what is there', () => {
  expect(brokenLinks(document, FOLDER)).toEqual([])
})

test.each(['11(3)', '13', '14', '15', '17', '18', '19', '22', '23', '24', '72'])('it has section %s', (section) => {
  expect(document).toMatch(new RegExp(`^### Sections? [^\\n]*${section.replace(/[()]/g, '\\$&')}`, 'm'))
})
