// The frame of the OpenAPI document and what @fastify/swagger cannot say by itself.
import type { z } from 'zod'
import { type Access, isForPeople, scopesIn } from './authorization.ts'
import { headersOf } from './response-headers.ts'
import { PROBLEM_TYPE, problemText } from './schemas/problem.ts'

export const OPENAPI = {
  openapi: '3.1.0',
  info: {
    title: 'gogga-data',
    version: '1',
    description: [
      'Reads and changes across the three files of GOGGA: identity.db, billing.db and admin.db.',
      '',
      'Lists answer `{data, page: {next}, meta}`; send `page.next` back as `after` for the next page. Times are RFC 3339 in',
      'UTC, money is integer cents in fields ending in `Cents`, ids are opaque. Every error is a problem document (RFC 9457).',
      '',
      'A change answers `{data, change: {id, settled}}`: 202 with a Location where another file does not have its part yet.',
      'With an `Idempotency-Key`, a repeat of a POST within 24 hours gets the same answer, under `Idempotent-Replayed`,',
      'and changes nothing.',
    ].join('\n'),
  },
  servers: [{ url: '/' }],
  tags: [
    {
      name: 'identity',
      description:
        'Rows of identity.db. Personal information is masked without the scope `pii:read`; with it, `X-Gogga-Purpose` says what it is read for.',
    },
    { name: 'billing', description: 'Rows of billing.db; people appear as subject ids.' },
    { name: 'admin', description: 'Rows of admin.db; people appear as subject ids.' },
    { name: 'stats', description: 'Figures across the files.' },
    { name: 'sign-in', description: 'From an email to a session, and out again.' },
    { name: 'me', description: "What people do with what is theirs: a person's session is needed." },
    { name: 'usage', description: 'Credits and images that are spent.' },
    { name: 'payments', description: 'What PayFast tells.' },
    {
      name: 'administration',
      description: 'What administrators do; each leaves a row in the admin log. `X-Gogga-Actor` says who acts.',
    },
    { name: 'changes', description: 'Whether a change has all its effects.' },
    {
      name: 'operations',
      description: 'Messages between the files that were not delivered, checks, backups and what they promise.',
    },
    {
      name: 'compliance',
      description: 'Who saw what of whom, and why; audits; whether the logs are as they were written.',
    },
    { name: 'health', description: 'For whoever runs the server.' },
    { name: 'documentation', description: 'What there is.' },
  ],
  components: {
    securitySchemes: {
      bearer: { type: 'http' as const, scheme: 'bearer', description: 'A key, `gogga_<id>_<secret>`.' },
      session: { type: 'http' as const, scheme: 'bearer', description: "A person's session, `gogga_session_…`." },
      apiKey: { type: 'apiKey' as const, in: 'header' as const, name: 'X-Api-Key', description: 'The same key.' },
    },
  },
}

const operator = (description: string, type: unknown = { type: 'string' }) => ({ description, ...(type as object) })

/** One entry of `filter`: a value, or values by operator. */
const CONDITION = {
  description: 'A value to equal, or conditions by operator.',
  oneOf: [
    { type: 'string' },
    {
      type: 'object',
      minProperties: 1,
      additionalProperties: false,
      properties: {
        eq: operator('Equal.'),
        ne: operator('Not equal.'),
        in: operator('One of a comma-separated list.'),
        lt: operator('Less than.'),
        lte: operator('At most.'),
        gt: operator('Greater than.'),
        gte: operator('At least.'),
        contains: operator('Contains the text.'),
        startsWith: operator('Begins with the text.'),
        isNull: operator('Is null, or is not.', { type: 'string', enum: ['true', 'false'] }),
      },
    },
  ],
}

type Security = Record<string, string[]>[]

/** What a route says of whom it is for: a person's session, or a key in one of two headers, with any of the scopes. */
export function securityOf(access: Access): { security: Security; note: string } {
  if (access === 'public') return { security: [], note: 'Needs no key.' }
  const scopes = scopesIn(access)
    .map((scope) => `\`${scope}\``)
    .join(', ')
  const byKey = scopes === '' ? [] : [{ bearer: [] }, { apiKey: [] }]
  const bySession = isForPeople(access) ? [{ session: [] }] : []
  const ways = [
    bySession.length > 0 && "a person's session",
    byKey.length > 0 && `a key with one of the scopes ${scopes}`,
  ]
  return { security: [...bySession, ...byKey], note: `Needs ${ways.filter(Boolean).join(', or ')}.` }
}

interface Parameter {
  readonly name?: string
  readonly in?: string
  readonly style?: string
  readonly explode?: boolean
}
interface Operation {
  readonly operationId?: string
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: Body
  readonly responses?: Readonly<Record<string, object>>
}
interface Body {
  readonly required?: boolean
  readonly content?: Readonly<Record<string, { readonly schema?: { readonly properties?: object } }>>
}

/** Leaves out what zod adds for its own checks: the pattern behind a format, the bounds of a double's integers. */
export function plainer({ jsonSchema }: { jsonSchema: z.core.JSONSchema.BaseSchema }): void {
  if (jsonSchema.format !== undefined) delete jsonSchema.pattern
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum
}

/**
 * Adds how `filter` is written into a URL, the schema that its entries share, the headers of answers, the limit that
 * every operation has, and what else a transformation loses.
 */
export function finishDocument<T extends object>(document: T): T {
  const { paths = {}, components = {} } = document as {
    paths?: Record<string, Record<string, Operation>>
    components?: { schemas?: Record<string, unknown> }
  }
  const finished = Object.entries(paths).map(([path, operations]) => [path, mapValues(operations, finishOperation)])
  // The transformation makes every component twice, once for what is sent; rows are only answered.
  const schemas = Object.entries(components.schemas ?? {}).filter(([name]) => !name.endsWith('Input'))
  return {
    ...document,
    paths: Object.fromEntries(finished),
    components: { ...components, schemas: { ...Object.fromEntries(schemas), Condition: CONDITION } },
  }
}

function finishOperation(operation: Operation): Operation {
  const { requestBody, responses = {}, operationId = '' } = operation
  const parameters = operation.parameters?.map(finishParameter)
  const isKeyed = parameters?.some(({ name }) => name === HEADERS['idempotency-key']) ?? false
  return {
    ...operation,
    ...(parameters && { parameters }),
    ...(requestBody && { requestBody: { ...requestBody, required: hasFields(requestBody) } }),
    responses: finishResponses(UNLIMITED.has(operationId) ? responses : { 429: TOO_MANY, ...responses }, isKeyed),
  }
}

/** Probes are answered under any limit. */
const UNLIMITED: ReadonlySet<string> = new Set(['health-live', 'health-ready'])

/** The limit of requests is not a route's own, so that none needs to name it. */
const TOO_MANY = {
  description: problemText(429),
  content: { [PROBLEM_TYPE]: { schema: { $ref: '#/components/schemas/Problem' } } },
}

function finishResponses(responses: Readonly<Record<string, object>>, isKeyed: boolean): Record<string, object> {
  const finished = Object.entries(responses).map(([status, response]) => {
    const headers = headersOf(status, isKeyed)
    return [status, Object.keys(headers).length > 0 ? { ...response, headers } : response]
  })
  return Object.fromEntries(finished)
}

const HEADERS: Readonly<Record<string, string>> = {
  'idempotency-key': 'Idempotency-Key',
  'x-gogga-actor': 'X-Gogga-Actor',
  'x-gogga-purpose': 'X-Gogga-Purpose',
}

function finishParameter(parameter: Parameter): Parameter {
  const { name = '', in: place } = parameter
  if (place === 'header') return { ...parameter, name: HEADERS[name] ?? name }
  if (place === 'query' && name === 'filter') return { ...parameter, style: 'deepObject', explode: true }
  return parameter
}

/** A body that can only be `{}` may be left out. */
const hasFields = ({ content = {} }: Body): boolean =>
  Object.values(content).some(({ schema }) => Object.keys(schema?.properties ?? { some: true }).length > 0)

const mapValues = <T>(record: Record<string, T>, change: (value: T) => T): Record<string, T> =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]))
