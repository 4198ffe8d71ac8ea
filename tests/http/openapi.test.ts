import { beforeAll, expect, test } from 'vitest'
import { relationsOf, resources } from '../../src/database/catalog.ts'
import { AUTHORIZATION } from '../../src/http/authorization.ts'
import { exampleRow, rowOf } from '../../src/http/schemas/rows.ts'
import { withApp } from './app.ts'

interface Media {
  readonly schema: { readonly $ref?: string; readonly examples?: readonly unknown[]; readonly example?: unknown }
  readonly example?: unknown
  readonly examples?: unknown
}
interface Parameter {
  readonly name: string
  readonly in: string
  readonly required: boolean
  readonly description?: string
  readonly example?: unknown
  readonly style?: string
  readonly explode?: boolean
  readonly schema: { readonly properties?: Record<string, unknown> }
}
interface Operation {
  readonly summary?: string
  readonly description?: string
  readonly operationId?: string
  readonly tags?: readonly string[]
  readonly security?: readonly Record<string, unknown>[]
  readonly parameters?: readonly Parameter[]
  readonly responses: Record<string, { readonly description: string; readonly content?: Record<string, Media> }>
}
interface Document {
  readonly openapi: string
  readonly info: { readonly title: string; readonly version: string }
  readonly tags: readonly { readonly name: string }[]
  readonly paths: Record<string, Record<string, Operation>>
  readonly components: {
    readonly schemas: Record<string, { readonly examples?: readonly unknown[] }>
    readonly securitySchemes: Record<string, unknown>
  }
}

const LISTED = resources.filter(({ listed }) => listed)

let document: Document
beforeAll(async () => {
  await withApp(async ({ app }) => {
    const answer = await app.inject('/openapi.json')
    expect(answer.statusCode).toBe(200)
    document = answer.json()
  })
})

const operations = () =>
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ name: `${method} ${path}`, path, operation })),
  )

test('it is OpenAPI 3.1 with the fields that this asks for', () => {
  expect(document.openapi).toMatch(/^3\.1\.\d$/)
  expect(document.info).toMatchObject({ title: 'gogga-data', version: expect.any(String) })
  const ids = operations().map(({ operation }) => operation.operationId)
  expect(new Set(ids).size).toBe(ids.length)
  const tags = document.tags.map(({ name }) => name)
  for (const { name, path, operation } of operations()) {
    expect(
      operation.tags?.every((tag) => tags.includes(tag)),
      name,
    ).toBe(true)
    const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, word]) => word)
    const declared = (operation.parameters ?? []).filter((parameter) => parameter.in === 'path')
    expect(
      declared.map((parameter) => parameter.name),
      name,
    ).toEqual(inPath)
    expect(
      declared.every(({ required }) => required),
      name,
    ).toBe(true)
    for (const [status, { description }] of Object.entries(operation.responses)) {
      expect(status).toMatch(/^[1-5]\d\d$/)
      expect(description, `${name} ${status}`).not.toBe('')
    }
  }
})

test('every reference leads to something', () => {
  const found = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(([, target = '']) => target)
  expect(found.length).toBeGreaterThan(100)
  for (const target of new Set(found)) {
    const parts = target.replace(/^#\//, '').split('/')
    const value = parts.reduce<unknown>((at, part) => (at as Record<string, unknown> | undefined)?.[part], document)
    expect(value, target).toBeDefined()
  }
})

test('every route is there, save the pages of the documentation', () => {
  const expected = [...AUTHORIZATION.keys()]
    .map((route) => route.replace(/^GET /, '').replace(':id', '{id}'))
    .filter((path) => !path.startsWith('/docs'))
  expect(Object.keys(document.paths).sort()).toEqual(expected.sort())
})

test('every operation has a summary, a description, an example, and says what key it needs', () => {
  for (const { name, path, operation } of operations()) {
    expect(operation.summary, name).toBeTruthy()
    expect(operation.description, name).toBeTruthy()
    const [media] = Object.values(operation.responses['200']?.content ?? {})
    const examples = [media?.example, media?.schema.example, media?.schema.examples?.[0]]
    expect(
      examples.some((example) => example !== undefined),
      name,
    ).toBe(true)
    const isOpen = AUTHORIZATION.get(`GET ${path.replace('{id}', ':id')}`) === 'public'
    expect(operation.security, name).toEqual(isOpen ? [] : [{ bearer: [] }, { apiKey: [] }])
  }
  expect(Object.keys(document.components.securitySchemes)).toEqual(['bearer', 'apiKey'])
})

test('lists say how to filter, sort and expand, with examples that work', async () => {
  await withApp(async ({ get }) => {
    for (const model of LISTED) {
      const { resource } = model
      const parameters = document.paths[`/v1/${resource}`]?.get?.parameters ?? []
      const named = (name: string) => parameters.find((parameter) => parameter.name === name)
      const isLinked = relationsOf(model).length > 0
      expect(parameters.map(({ name }) => name).sort()).toEqual(
        ['after', ...(isLinked ? ['expand'] : []), 'filter', 'limit', 'meta', 'sort'].sort(),
      )
      for (const { name, example } of parameters) expect(example, `${resource} ${name}`).toBeDefined()
      for (const { name, description } of parameters) expect(description, `${resource} ${name}`).toBeTruthy()
      expect(named('filter')).toMatchObject({ style: 'deepObject', explode: true })
      for (const operator of ['eq', 'isNull', 'startsWith']) expect(named('filter')?.description).toContain(operator)

      const query = ['sort', 'limit'].map((name) => `${name}=${named(name)?.example}`)
      const expand = named('expand')?.example
      const answer = await get(`/v1/${resource}?${[...query, ...(expand ? [`expand=${expand}`] : [])].join('&')}`)
      expect(answer.statusCode, answer.body).toBe(200)
      const filters = Object.entries(named('filter')?.example as Record<string, string | Record<string, string>>)
      const words = filters.map(([field, value]) =>
        typeof value === 'string'
          ? `filter[${field}]=${value}`
          : Object.entries(value).map(([op, text]) => `filter[${field}][${op}]=${text}`),
      )
      expect((await get(`/v1/${resource}?${words.flat().join('&')}`)).statusCode, words.join()).toBe(200)
    }
  })
})

test('the description of a list tells operators, links, sorts and expands, with examples that work', async () => {
  await withApp(async ({ get }) => {
    for (const model of LISTED) {
      const text = document.paths[`/v1/${model.resource}`]?.get?.description ?? ''
      for (const word of ['`startsWith`', 'must all hold', 'one and the same table', '%2B'])
        expect(text).toContain(word)
      const isLinked = relationsOf(model).length > 0
      for (const word of ['three links deep', 'newest 100']) expect(text.includes(word), word).toBe(isLinked)
      const examples = [...text.matchAll(/`(\?[^`]+)`/g)].map(([, query = '']) => query)
      expect(examples.length, text).toBeGreaterThanOrEqual(isLinked ? 4 : 2)
      for (const query of examples) expect((await get(`/v1/${model.resource}${query}`)).statusCode, query).toBe(200)
    }
  })
  expect(document.paths['/v1/users']?.get?.description).toContain('`?filter[subscription.tier]=JIGGA`')
})

test('summaries and ids of operations follow one pattern', () => {
  const of = (path: string) => document.paths[path]?.get
  expect(of('/v1/auth-logs')).toMatchObject({ summary: 'List auth logs', operationId: 'list-auth-logs' })
  expect(of('/v1/auth-logs/{id}')).toMatchObject({ summary: 'Get one auth log', operationId: 'get-auth-log' })
  for (const { operationId } of operations().map(({ operation }) => operation))
    expect(operationId).toMatch(/^(list-[a-z-]+s|get-[a-z-]+[^s]|stats-[a-z]+|health-[a-z]+|openapi)$/)
})

test("examples of rows fit their schemas, and no secret's column is named anywhere", () => {
  for (const model of resources) {
    expect(rowOf(model).safeParse(exampleRow(model)).error, model.name).toBeUndefined()
    expect(document.components.schemas[model.name]?.examples).toEqual([exampleRow(model)])
  }
  expect(JSON.stringify(document)).not.toContain('payfastToken')
})
