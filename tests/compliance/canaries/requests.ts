// Requests with canaries in them, made from the OpenAPI document and the authorization table: each parameter, each leaf of each
// body at any depth, each name that a caller chooses, and headers. What is new in the document is among them by itself.
import type { LightMyRequestResponse } from 'fastify'
import { AUTHORIZATION, scopesIn } from '../../../src/http/authorization.ts'
import type { TestApp } from '../../http/app.ts'
import { type Cage, KINDS, type Kind } from './birds.ts'
import { type Good, goodRequests } from './good-requests.ts'
import { EMAILS, type Position, positionsIn, type Resolve, type Schema } from './positions.ts'

interface Parameter {
  readonly name: string
  readonly in: string
  readonly schema: Schema
}
interface Operation {
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: { readonly content: Readonly<Record<string, { schema: Schema; example?: object }>> }
}
export interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> }
}

type Method = 'GET' | 'POST' | 'DELETE'
interface Route {
  readonly name: string
  readonly method: Method
  readonly path: string
  readonly operation: Operation
}
/** What stands over a good request. */
interface Planted {
  readonly params?: Readonly<Record<string, string>>
  readonly query?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
}

/** One place of a route, and the requests that plant there. */
interface Planting {
  /** `POST /v1/vouchers/:id/void reason` */
  readonly place: string
  readonly strict: string | undefined
  /** Which of the route's good requests it stands over. */
  readonly variant: number
  readonly kinds: readonly Kind[]
  readonly isBody: boolean
  put(value: string): Planted
}

export const FORM = 'POST /v1/payfast/notifications'
const JSON_TYPE = 'application/json'
const FORM_TYPE = 'application/x-www-form-urlencoded'

export function routesOf({ paths }: Document): readonly Route[] {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([verb, operation]) => {
      const method = verb.toUpperCase() as Method
      return { name: `${method} ${path.replaceAll(/\{(\w+)\}/g, ':$1')}`, method, path, operation }
    }),
  )
}

export const resolverOf =
  ({ components }: Document): Resolve =>
  (ref) => {
    const schema = components.schemas[ref.replace('#/components/schemas/', '')]
    if (!schema) throw new Error(`Canaries do not know ${ref}`)
    return schema
  }

/** Fields of the form, whose requests are signed and so made elsewhere. */
export function formFields(document: Document): readonly string[] {
  const forms = routesOf(document).flatMap(({ name, operation }) => {
    const content = operation.requestBody?.content ?? {}
    const strange = Object.keys(content).filter((type) => type !== JSON_TYPE && !(type === FORM_TYPE && name === FORM))
    if (strange.length > 0) throw new Error(`Canaries do not know a body of ${strange} at ${name}`)
    return Object.entries(content).filter(([type]) => type === FORM_TYPE)
  })
  return forms.flatMap(([, { schema }]) => Object.keys(schema.properties ?? {}))
}

const inUrl = encodeURIComponent
const at = (nth: number): Kind => KINDS[nth % KINDS.length] ?? 'email'

function* plantingsIn({ name, operation }: Route, goods: readonly Good[], resolve: Resolve): Iterable<Planting> {
  const { parameters = [], requestBody } = operation
  for (const { name: param } of parameters.filter((parameter) => parameter.in === 'path'))
    yield {
      ...planting(`{${param}}`),
      strict: 'names a row',
      kinds: KINDS,
      put: (value) => ({ params: { [param]: value } }),
    }
  const queries = parameters
    .filter((parameter) => parameter.in === 'query')
    .flatMap((query) => queriesIn(query, resolve))
  for (const [nth, { at: query, strict, put }] of [...queries, NEW_QUERY].entries())
    yield {
      ...planting(query),
      strict,
      kinds: ['email', at(1 + (nth % (KINDS.length - 1)))],
      put: (value) => ({ query: String(put(value)) }),
    }
  const headers = parameters.filter((parameter) => parameter.in === 'header').map((header) => header.name.toLowerCase())
  for (const header of new Set([...headers, ...OWN_HEADERS]))
    yield {
      ...planting(header),
      strict: HEADERS[header],
      kinds: ['email', 'ipv6'],
      put: (value) => ({ headers: { [header]: value } }),
    }
  yield {
    ...planting('headers that nobody reads'),
    put: (value) => ({ headers: Object.fromEntries(OTHER_HEADERS.map((header) => [header, value])) }),
  }
  const schema = requestBody?.content[JSON_TYPE]?.schema
  for (const [variant, { body }] of goods.entries())
    for (const { at: field, strict, put } of schema ? positionsIn(schema, body, resolve) : [])
      yield { ...planting(field), isBody: true, strict, variant, kinds: KINDS, put: (value) => ({ body: put(value) }) }

  function planting(place: string) {
    return {
      place: `${name} ${place}`,
      strict: undefined,
      variant: 0,
      kinds: ['email'] as readonly Kind[],
      isBody: false,
    }
  }
}

const NEW_QUERY: Position = {
  at: 'a-new-parameter',
  strict: 'a name of a parameter',
  put: (value) => `a-new-parameter=${inUrl(value)}`,
}
const OTHER_HEADERS = ['user-agent', 'referer', 'x-request-id', 'cookie', 'x-forwarded-for', 'accept-language', 'via']
const OWN_HEADERS = ['x-gogga-actor', 'idempotency-key', 'x-gogga-purpose', 'authorization', 'x-api-key', 'origin']
const HEADERS: Readonly<Record<string, string>> = {
  ...{
    'x-gogga-actor': 'names a user',
    'x-gogga-purpose': 'takes words of a list',
    authorization: 'is a secret of ours',
  },
}

/** `filter[email][contains]=…`: of objects each leaf by its brackets. */
function queriesIn({ name, schema }: Parameter, resolve: Resolve): readonly Position[] {
  return [...positionsIn(schema, undefined, resolve)].map((position) => {
    const path =
      position.at === ''
        ? ''
        : position.at
            .split('.')
            .map((part) => `[${part}]`)
            .join('')
    return { ...position, at: name + path, put: (value) => `${name}${inUrl(path)}=${inUrl(value)}` }
  })
}

interface Place {
  readonly route: string
  /** Undefined as soon as one of its shapes takes any text. */
  strict: string | undefined
  readonly isBody: boolean
  readonly taken: Set<Kind>
}

/** What came of the requests, by place. */
export class Asked {
  readonly refusals: string[] = []
  readonly places = new Map<string, Place>()
  requests = 0

  add(
    route: Route,
    { place, strict, isBody }: Planting,
    kind: Kind,
    { statusCode, body }: LightMyRequestResponse,
  ): void {
    if (statusCode >= 500) throw new Error(`${place} ${kind}: ${statusCode} ${body}`)
    const known = this.places.get(place) ?? { route: route.name, strict, isBody, taken: new Set() }
    if (strict === undefined) known.strict = undefined
    this.places.set(place, known)
    this.requests += 1
    if (statusCode < 400) known.taken.add(kind)
    else this.refusals.push(body)
  }

  get routes(): ReadonlySet<string> {
    return new Set([...this.places.values()].map(({ route }) => route))
  }

  routesRefused(): readonly string[] {
    const taken = new Set([...this.places.values()].flatMap(({ route, taken }) => (taken.size > 0 ? [route] : [])))
    return [...this.routes.difference(taken)]
  }

  /** Fields of bodies that take any text, or any email, by their schema. */
  freeText(): readonly string[] {
    return [...this.places].flatMap(([place, { strict, isBody }]) =>
      isBody && (strict === undefined || strict === EMAILS) ? [place] : [],
    )
  }

  /** Kinds that were taken there. */
  takenAt(place: string): ReadonlySet<Kind> {
    return this.places.get(place)?.taken ?? new Set()
  }
}

export async function askAll(world: TestApp, document: Document, cage: Cage): Promise<Asked> {
  const [goodOf, resolve, asked] = [goodRequests(world), resolverOf(document), new Asked()]
  const documented = routesOf(document)
  for (const route of [...documented, ...pagesBeside(documented)]) {
    if (route.name === FORM) continue
    const makers = goodOf(route.name, route.operation.requestBody?.content[JSON_TYPE]?.example)
    const samples: Good[] = []
    for (const make of makers) samples.push(await make())
    for (const planting of plantingsIn(route, samples, resolve))
      for (const kind of planting.kinds) {
        const good = (await makers[planting.variant]?.()) ?? {}
        const answer = await ask(world, route, good, planting.put(cage.plant(kind, planting.place)))
        asked.add(route, planting, kind, answer)
      }
  }
  return asked
}

/** Routes that the document leaves out: its own pages. */
function pagesBeside(documented: readonly Route[]): readonly Route[] {
  const names = new Set(documented.map(({ name }) => name))
  return [...AUTHORIZATION.keys()].flatMap((name) => {
    const [method = 'GET', path = ''] = name.split(' ')
    return names.has(name) ? [] : [{ name, method: method as Method, path, operation: {} }]
  })
}

let keys = 0
async function ask(world: TestApp, route: Route, good: Good, planted: Planted): Promise<LightMyRequestResponse> {
  const params: Readonly<Record<string, string>> = { ...good.params, ...planted.params }
  const path = route.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => inUrl(params[name] ?? 'x'))
  const body = planted.body ?? good.body
  return world.app.inject({
    ...{ method: route.method, url: planted.query === undefined ? path : `${path}?${planted.query}` },
    headers: {
      'idempotency-key': `k${++keys}`,
      ...(await openersOf(world, route.name)),
      ...good.headers,
      ...planted.headers,
    },
    ...(body !== undefined && route.method === 'POST' && { payload: body as object }),
  })
}

/** What opens the route: a session of u1, or a key; administrators act in the name of u3. */
async function openersOf({ key, session }: TestApp, route: string): Promise<Readonly<Record<string, string>>> {
  const access = AUTHORIZATION.get(route)
  if (access === undefined || access === 'public') return {}
  if (access.includes('person')) return { authorization: `Bearer ${await session('u1')}` }
  const [first = 'admin'] = scopesIn(access)
  const scope = access.includes('admin') ? 'admin' : first
  const bearer = await (/^GET .*(users|export)/.test(route) ? key(scope, 'pii:read') : key(scope))
  return { authorization: `Bearer ${bearer}`, ...(scope === 'admin' && { 'x-gogga-actor': 'u3' }) }
}
