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
  readonly requestBody?: { readonly required?: boolean; readonly content: Record<string, Media> }
  readonly responses: Record<string, Answer>
}
interface Answer {
  readonly description: string
  readonly content?: Record<string, Media>
  readonly headers?: Readonly<Record<string, Header>>
}
interface Header {
  readonly description?: string
  readonly example?: unknown
  readonly schema?: { readonly type?: string }
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
    Object.entries(methods).map(([method, operation]) => {
      const route = `${method.toUpperCase()} ${path.replace('{id}', ':id')}`
      return { name: `${method} ${path}`, method, path, route, operation }
    }),
  )

const hasExample = ({ example, examples, schema }: Media): boolean =>
  [example, examples, schema.example, schema.examples?.[0]].some((found) => found !== undefined)

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
  const expected = [...AUTHORIZATION.keys()].filter((route) => !route.startsWith('GET /docs'))
  expect(
    operations()
      .map(({ route }) => route)
      .sort(),
  ).toEqual(expected.sort())
})

test('every operation has a summary, a description, an example, and says what key it needs', () => {
  for (const { name, route, operation } of operations()) {
    expect(operation.summary, name).toBeTruthy()
    expect(operation.description, name).toBeTruthy()
    const done = Object.entries(operation.responses).filter(([status]) => status.startsWith('2'))
    expect(done.length, name).toBeGreaterThan(0)
    for (const [status, { content = {} }] of done) {
      expect(Object.keys(content).length === 0, name).toBe(status === '204')
      expect(Object.values(content).every(hasExample), `${name} ${status}`).toBe(true)
    }
    const access = AUTHORIZATION.get(route) ?? []
    const expected = access === 'public' ? [] : [access.includes('person') && 'session', ...keysFor(access)]
    const ways = operation.security?.map((way) => Object.keys(way).join())
    expect(ways, name).toEqual(expected.filter(Boolean))
    for (const who of access === 'public' ? [] : access)
      expect(operation.description, name).toContain(who === 'person' ? "a person's session" : `\`${who}\``)
  }
  expect(Object.keys(document.components.securitySchemes).sort()).toEqual(['apiKey', 'bearer', 'session'])
})

const keysFor = (access: readonly string[]): readonly string[] =>
  access.some((who) => who !== 'person') ? ['bearer', 'apiKey'] : []

test('whatever takes a body says so with an example, and is bounded in every field', () => {
  const bodies = operations().filter(({ operation }) => operation.requestBody)
  expect(bodies.length).toBeGreaterThan(5)
  for (const { name, operation } of bodies) {
    const { required, content = {} } = operation.requestBody ?? { content: {} }
    for (const [type, media] of Object.entries(content)) {
      expect(hasExample(media), `${name} ${type}`).toBe(true)
      const fields = Object.keys((media.schema as Bounded).properties ?? { some: true })
      expect(required, name).toBe(fields.length > 0)
      if (type === 'application/json') expect(unbounded(media.schema as Bounded), name).toEqual([])
    }
  }
})

interface Bounded {
  readonly type?: string
  readonly properties?: Record<string, Bounded>
  readonly additionalProperties?: unknown
  readonly oneOf?: readonly Bounded[]
  readonly items?: Bounded
  readonly enum?: unknown
  readonly const?: unknown
  readonly maxLength?: number
  readonly maximum?: number
  readonly minimum?: number
  readonly maxItems?: number
  readonly format?: string
}

/** The places of a body's schema where a value may be of any size, or a field of any name. */
function unbounded(schema: Bounded, at = ''): readonly string[] {
  const { type, properties = {}, oneOf, items } = schema
  if (oneOf) return oneOf.flatMap((option, index) => unbounded(option, `${at}(${index})`))
  const inner = Object.entries(properties).flatMap(([name, field]) => unbounded(field, `${at}.${name}`))
  if (type === 'object') return schema.additionalProperties === false ? inner : [...inner, `${at} is open`]
  if (schema.enum !== undefined || schema.const !== undefined || type === 'boolean') return []
  if (type === 'string') return schema.maxLength !== undefined || schema.format === 'date-time' ? [] : [at]
  if (type === 'integer') return schema.maximum !== undefined && schema.minimum !== undefined ? [] : [at]
  if (type === 'array') return [...(schema.maxItems === undefined ? [at] : []), ...(items ? unbounded(items, at) : [])]
  return [`${at} is ${type}`]
}

test('headers are parameters: the key of a repeat, who acts, and what for', () => {
  for (const { name, route, method, operation } of operations()) {
    const headers = (operation.parameters ?? []).filter((parameter) => parameter.in === 'header')
    const named = (header: string) => headers.find((parameter) => parameter.name === header)
    for (const header of headers) {
      expect(header.description, `${name} ${header.name}`).toBeTruthy()
      expect(header.example, `${name} ${header.name}`).toBeDefined()
    }
    const isUnkeyed = [
      'POST /v1/payfast/notifications',
      'POST /v1/compliance/audits',
      'POST /v1/compliance/chain',
    ].includes(route)
    const isKeyed = method === 'post' && !isUnkeyed && !route.includes('/ops/')
    if (isKeyed) expect(named('Idempotency-Key'), name).toMatchObject({ in: 'header' })
    if (operation.tags?.includes('administration')) expect(named('X-Gogga-Actor')?.required, name).toBe(true)
    const known = ['Idempotency-Key', 'X-Gogga-Actor', 'X-Gogga-Purpose']
    expect(headers.every((header) => known.includes(header.name))).toBe(true)
  }
  const [spending] = operations().filter(({ route }) => route === 'POST /v1/usage')
  expect(spending?.operation.parameters?.map(({ name, required }) => [name, required])).toEqual([
    ['Idempotency-Key', true],
  ])
})

test('answers say which headers come with them', () => {
  for (const { name, operation } of operations()) {
    const isKeyed = (operation.parameters ?? []).some((parameter) => parameter.name === 'Idempotency-Key')
    for (const [status, { headers = {} }] of Object.entries(operation.responses)) {
      const expected = [
        status === '202' && 'Location',
        isKeyed && status.startsWith('2') && 'Idempotent-Replayed',
        (['429', '503'].includes(status) || (isKeyed && status === '409')) && 'Retry-After',
      ]
      expect(Object.keys(headers), `${name} ${status}`).toEqual(expected.filter(Boolean))
      for (const header of Object.values(headers)) {
        const described = { description: expect.stringMatching(/\.$/), schema: { type: expect.any(String) } }
        expect(header).toMatchObject(described)
        expect(header.example).toBeDefined()
      }
    }
  }
  const [issuing] = operations().filter(({ route }) => route === 'POST /v1/vouchers')
  const names = Object.entries(issuing?.operation.responses ?? {}).map(([status, { headers = {} }]) => [
    status,
    Object.keys(headers).join(),
  ])
  expect(Object.fromEntries(names)).toMatchObject({
    201: 'Idempotent-Replayed',
    202: 'Location,Idempotent-Replayed',
    409: 'Retry-After',
    429: 'Retry-After',
    503: 'Retry-After',
  })
})

test('every operation but the probes may answer 429 under a limit, and says so', async () => {
  await withApp(
    async ({ send, session }) => {
      const by = {
        public: {},
        key: { scopes: ['admin', 'ops', 'compliance'] },
        person: { session: await session() },
      } as const
      const ofWhom = (access: readonly string[] | 'public') =>
        access === 'public'
          ? 'public'
          : access.some((who) => ['admin', 'ops', 'compliance'].includes(who))
            ? 'key'
            : 'person'
      await send('GET', '/openapi.json')
      await send('GET', '/v1/users', by.key)
      await send('GET', '/v1/me', by.person)
      for (const { name, route, method, path, operation } of operations()) {
        const access = AUTHORIZATION.get(route) ?? []
        if (route.startsWith('GET /health/')) {
          expect(Object.keys(operation.responses), name).not.toContain('429')
          continue
        }
        const answer = await send(method.toUpperCase() as 'GET', path.replace('{id}', 'x'), by[ofWhom(access)])
        expect(answer.statusCode, name).toBe(429)
        expect(Number(answer.headers['retry-after']), name).toBeGreaterThan(0)
        expect(Object.keys(operation.responses), name).toContain('429')
      }
    },
    { env: { GOGGA_RATE_LIMIT_PER_MINUTE: '1' } },
  )
})

test('every problem says what it means', () => {
  for (const { name, operation } of operations()) {
    for (const [status, { description, content = {} }] of Object.entries(operation.responses)) {
      if (status.startsWith('2')) continue
      expect(description, `${name} ${status}`).toMatch(/\w{3}.*\.$/)
      expect(description, `${name} ${status}`).not.toBe('Default Response')
      expect(Object.keys(content), `${name} ${status}`).toEqual(['application/problem+json'])
    }
  }
})

test('lists say how to filter, sort and expand, with examples that work', async () => {
  await withApp(async ({ get }) => {
    for (const model of LISTED) {
      const { resource } = model
      const parameters = document.paths[`/v1/${resource}`]?.get?.parameters ?? []
      const named = (name: string) => parameters.find((parameter) => parameter.name === name)
      const isLinked = relationsOf(model).length > 0
      expect(parameters.map(({ name }) => name).sort()).toEqual(
        [
          'X-Gogga-Actor',
          'X-Gogga-Purpose',
          'after',
          ...(isLinked ? ['expand'] : []),
          'filter',
          'limit',
          'meta',
          'sort',
        ].sort(),
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
    expect(operationId).toMatch(/^((list|get|post|delete)-[a-z-]+|stats-[a-z]+|health-[a-z]+|openapi)$/)
})

test("examples of rows fit their schemas, and no secret's column is named anywhere", () => {
  for (const model of resources) {
    expect(rowOf(model).safeParse(exampleRow(model)).error, model.name).toBeUndefined()
    expect(document.components.schemas[model.name]?.examples).toEqual([exampleRow(model)])
  }
  expect(JSON.stringify(document)).not.toContain('payfastToken')
})
