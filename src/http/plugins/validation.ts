// zod checks what comes in. A query string is parsed and checked once and then known by its text: most callers ask the
// same few questions, and the checked form also tells the join service that it has seen the question before.
import type { FastifyInstance, FastifySchemaCompiler } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { LRUCache } from 'lru-cache'
import type { z } from 'zod'
import { GoggaError, UsageError } from '../../errors.ts'
import { parseQuery, shownName } from '../query/text.ts'

const KNOWN_QUERIES = 500
const MAX_KNOWN_LENGTH = 2_048

type Checked = { value: unknown } | { error: Error }

/** What the app gives to Fastify as `querystringParser`: the text itself, since the routes' validators read it. */
export const keepQueryText = (text: string): { text: string } => ({ text })

export const validation = fastifyPlugin(async (app: FastifyInstance) => {
  const compile: FastifySchemaCompiler<z.ZodType> = ({ schema, httpPart }) =>
    httpPart === 'querystring' ? queryChecker(schema) : (data: unknown) => check(schema, data, httpPart ?? 'body')
  app.setValidatorCompiler(compile)
  // Answers are sent as text; see schemas/rows.ts.
  app.setSerializerCompiler(() => (data) => JSON.stringify(data))
  // Clients that always name a content type send one with nothing behind it; the routes' schemas say who needs a body.
  const parse = app.getDefaultJsonParser('error', 'error')
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, text, done) => {
    if (text === '') return done(null, undefined)
    // Behind the parser, null is how Fastify says that nothing came.
    void parse(request, text as string, (error, body) => done(error ?? (body === null ? nullBody() : null), body))
  })
  app.removeContentTypeParser('text/plain')
})

function queryChecker(schema: z.ZodType): (query: { readonly text: string }) => Checked {
  const known = new LRUCache<string, Checked>({ max: KNOWN_QUERIES })
  return ({ text }) => {
    const before = known.get(text)
    if (before) return before
    const checked = attempt(() => check(schema, parseQuery(text), 'query'))
    if ('value' in checked && text.length <= MAX_KNOWN_LENGTH) known.set(text, checked)
    return checked
  }
}

/** Fastify takes what a validator throws for a fault of the server. */
function attempt(work: () => Checked): Checked {
  try {
    return work()
  } catch (error) {
    if (error instanceof GoggaError) return { error }
    throw error
  }
}

function check(schema: z.ZodType, data: unknown, part: string): Checked {
  const parsed = schema.safeParse(data ?? undefined) // Fastify says null where nothing came.
  if (parsed.success) return { value: parsed.data }
  if (part === 'body' && (data ?? undefined) === undefined) return { error: missingBody() }
  const errors = parsed.error.issues.flatMap((issue) => detailsOf(issue, schema, data, part))
  const list = errors.map(({ at, message }) => `${at}: ${message}`).join('; ')
  return { error: new UsageError(`The ${part} ${part.endsWith('s') ? 'do' : 'does'} not fit: ${list}`, { errors }) }
}

const missingBody = () =>
  new UsageError('A body is needed, and none came', {
    errors: [{ at: 'body', message: 'is missing' }],
    hint: 'Send JSON with the content type application/json.',
  })

const nullBody = () =>
  new UsageError('The body is null, and an object was expected', { errors: [{ at: 'body', message: 'is null' }] })

function detailsOf(
  issue: z.core.$ZodIssue,
  schema: z.ZodType,
  data: unknown,
  part: string,
): { at: string; message: string }[] {
  const at = issue.path.join('.') || part
  if (issue.code === 'invalid_type' && isMissing(issue.path, data)) return [{ at, message: 'is needed' }]
  if (issue.code !== 'unrecognized_keys') return [{ at, message: issue.message }]
  const allowed = allowedNames(schema, data).join(', ') || 'nothing'
  return issue.keys.map((key) => ({
    at: [...issue.path, shownName(key)].join('.'),
    message: `is not known here; allowed: ${allowed}`,
  }))
}

function isMissing(path: readonly PropertyKey[], data: unknown): boolean {
  const [name, ...deeper] = path
  return name !== undefined && deeper.length === 0 && isRecord(data) && data[name as string] === undefined
}

interface Definition {
  readonly type: string
  readonly in?: z.ZodType
  readonly innerType?: z.ZodType
  readonly shape?: Readonly<Record<string, z.ZodType>>
  readonly options?: readonly z.ZodType[]
  readonly discriminator?: string
}

const definitionOf = (schema: z.ZodType): Definition => (schema as z.ZodType & { def: Definition }).def

function allowedNames(schema: z.ZodType, data: unknown): readonly string[] {
  const { in: before, innerType, shape, options, discriminator } = definitionOf(schema)
  const inner = before ?? innerType ?? options?.find((option) => isChosen(option, discriminator, data))
  return inner ? allowedNames(inner, data) : Object.keys(shape ?? {})
}

/** Whether the value names this one of several forms. */
function isChosen(option: z.ZodType, discriminator: string | undefined, data: unknown): boolean {
  if (discriminator === undefined || !isRecord(data)) return false
  return definitionOf(option).shape?.[discriminator]?.safeParse(data[discriminator]).success ?? false
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null
