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
  const parsed = schema.safeParse(data)
  if (parsed.success) return { value: parsed.data }
  const errors = parsed.error.issues.flatMap((issue) => detailsOf(issue, schema))
  const list = errors.map(({ at, message }) => `${at}: ${message}`).join('; ')
  return { error: new UsageError(`The ${part} does not fit: ${list}`, { errors }) }
}

function detailsOf(issue: z.core.$ZodIssue, schema: z.ZodType): { at: string; message: string }[] {
  const at = issue.path.join('.')
  if (issue.code !== 'unrecognized_keys') return [{ at, message: issue.message }]
  const allowed = allowedNames(schema).join(', ')
  return issue.keys.map((key) => ({
    at: [...issue.path, shownName(key)].join('.'),
    message: `is not known here; allowed: ${allowed}`,
  }))
}

function allowedNames(schema: z.ZodType): readonly string[] {
  const { def } = schema as z.ZodType & { def: { type: string; in?: z.ZodType; shape?: Record<string, unknown> } }
  if (def.type === 'pipe' && def.in) return allowedNames(def.in)
  return Object.keys(def.shape ?? {})
}
