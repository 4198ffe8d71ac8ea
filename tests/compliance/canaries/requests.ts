// Requests with canaries in them, made from the OpenAPI document and the authorization table: a route, parameter or field that
// is new is among them by itself.
import { AUTHORIZATION, scopesIn } from '../../../src/http/authorization.ts'
import type { TestApp } from '../../http/app.ts'
import { type Cage, KINDS, type Kind } from './birds.ts'

interface Schema {
  readonly type?: string
  readonly format?: string
  readonly enum?: readonly unknown[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly oneOf?: readonly Schema[]
}
interface Operation {
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly schema: Schema }[]
  readonly requestBody?: { readonly content: Readonly<Record<string, { schema: Schema; example?: object }>> }
}
export interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
}

export interface Asked {
  /** `POST /v1/vouchers/:id/void reason` */
  readonly place: string
  readonly method: 'GET' | 'POST' | 'DELETE'
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly payload?: object
}

interface Route {
  readonly route: string
  readonly method: Asked['method']
  readonly path: string
  readonly operation: Operation
  readonly good: Readonly<Record<string, unknown>> | undefined
}

export const FORM = 'POST /v1/payfast/notifications'

/** Every request, in the order of the document; the form has a signature of its own and is none of them. */
export function* requestsOf(document: Document, cage: Cage, freshVoucher: () => string): Iterable<Asked> {
  for (const [path, methods] of Object.entries(document.paths))
    for (const [name, operation] of Object.entries(methods)) {
      const method = name.toUpperCase() as Asked['method']
      const route = `${method} ${path.replace('{id}', ':id')}`
      if (route === FORM) continue
      yield* plantedIn({ route, method, path, operation, good: goodBody(operation) }, cage, freshVoucher)
    }
}

function* plantedIn(route: Route, cage: Cage, freshVoucher: () => string): Iterable<Asked> {
  const { path, method, operation, good } = route
  const idOf = () => (path.includes('vouchers') ? freshVoucher() : path.includes('subjects') ? 'u5' : 'u4')
  const ask = (place: string, more: Partial<Asked> & { id?: string; query?: string } = {}): Asked => ({
    ...{ place: `${route.route} ${place}`, method, headers: more.headers ?? {} },
    url: path.replace('{id}', more.id ?? idOf()) + (more.query === undefined ? '' : `?${more.query}`),
    ...(more.payload ? { payload: more.payload } : good && { payload: good }),
  })
  const plant = (kind: Kind, place: string) => cage.plant(kind, `${route.route} ${place}`)
  for (const kind of KINDS) {
    if (path.includes('{id}')) yield ask('id', { id: encodeURIComponent(plant(kind, 'id')) })
    for (const field of textsIn(operation)) yield ask(field, { payload: { ...good, [field]: plant(kind, field) } })
    if (good) yield ask('a new field', { payload: { ...good, [plant(kind, 'a new field')]: 1 } })
  }
  for (const [at, name] of queriesOf(operation).entries())
    for (const kind of ['email', KINDS[1 + (at % (KINDS.length - 1))]] as Kind[])
      yield ask(name, { query: `${name}=${encodeURIComponent(plant(kind, name))}` })
  yield ask('headers that nobody reads', { headers: headersOf(OTHER_HEADERS, plant) })
  for (const name of OWN_HEADERS) yield ask(name, { headers: headersOf([name], plant) })
}

const OTHER_HEADERS = ['user-agent', 'referer', 'x-request-id', 'cookie', 'x-forwarded-for', 'accept-language', 'via']
const OWN_HEADERS = ['x-gogga-actor', 'idempotency-key', 'x-gogga-purpose', 'authorization', 'x-api-key', 'origin']

/** Of one kind each, without blanks: they are refused in an idempotency key before anybody looks. */
const headersOf = (names: readonly string[], plant: (kind: Kind, place: string) => string) =>
  Object.fromEntries(names.map((name, at) => [name, plant(at === 0 ? 'email' : 'ipv6', name)]))

/** The example of the document, with the smallest count that it says something about. */
function goodBody({ requestBody }: Operation): Route['good'] {
  const example = requestBody?.content['application/json']?.example as Record<string, unknown> | undefined
  return example && { ...example, ...('count' in example && { count: 1 }) }
}

/** Words of a list among them: those get canaries that are refused. */
function textsIn({ requestBody }: Operation): readonly string[] {
  const schema = requestBody?.content['application/json']?.schema
  const shapes = schema?.oneOf ?? (schema ? [schema] : [])
  const texts = shapes.flatMap(({ properties = {} }) =>
    Object.entries(properties).flatMap(([name, { type }]) => (type === 'string' ? [name] : [])),
  )
  return [...new Set(texts)]
}

const queriesOf = ({ parameters = [] }: Operation): readonly string[] => [
  ...parameters.flatMap(({ name, in: place, schema }) => {
    if (place !== 'query') return []
    return schema.properties ? Object.keys(schema.properties).map((column) => `${name}[${column}]`) : [name]
  }),
  'a-new-parameter',
]

/** What opens the route: a session of u1, or a key; administrators act in the name of u3. */
export async function openersOf({ key, session }: TestApp, route: string): Promise<Readonly<Record<string, string>>> {
  const access = AUTHORIZATION.get(route)
  if (access === undefined || access === 'public') return {}
  if (access.includes('person')) return { authorization: `Bearer ${await session('u1')}` }
  const [first = 'admin'] = scopesIn(access)
  const scope = access.includes('admin') ? 'admin' : first
  const bearer = await (route.startsWith('GET /v1/users') ? key(scope, 'pii:read') : key(scope))
  return { authorization: `Bearer ${bearer}`, ...(scope === 'admin' && { 'x-gogga-actor': 'u3' }) }
}
