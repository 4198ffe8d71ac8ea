// Where a JSON schema of the OpenAPI document takes a value: each leaf at any depth, and each name that a caller chooses. A
// keyword that is not known here is refused, so that no new shape of a schema goes without canaries.

export interface Schema {
  readonly [keyword: string]: unknown
  readonly $ref?: string
  readonly type?: string | readonly string[]
  readonly format?: string
  readonly enum?: readonly unknown[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: boolean | Schema
  readonly items?: Schema
  readonly oneOf?: readonly Schema[]
  readonly anyOf?: readonly Schema[]
  readonly allOf?: readonly Schema[]
}

export interface Position {
  /** `note`, `list[0].name`, `a new field` */
  readonly at: string
  /** Why text of people is never taken there, by the schema; undefined where it is any text. */
  readonly strict: string | undefined
  /** The whole with this value there. */
  put(value: string): unknown
}

export type Resolve = (ref: string) => Schema

const LEAVES = [
  'type',
  'format',
  'pattern',
  'enum',
  'const',
  'minLength',
  'maxLength',
  'minimum',
  'maximum',
  'multipleOf',
]
const BRANCHES = ['properties', 'required', 'additionalProperties', 'items', 'oneOf', 'anyOf', 'allOf', '$ref']
const SIZES = [
  'minProperties',
  'maxProperties',
  'minItems',
  'maxItems',
  'uniqueItems',
  'exclusiveMinimum',
  'exclusiveMaximum',
]
const WORDS = ['description', 'title', 'example', 'examples', 'default', 'deprecated', 'id']
const KNOWN = new Set([...LEAVES, ...BRANCHES, ...SIZES, ...WORDS])
const TYPES = ['string', 'integer', 'number', 'boolean', 'null', 'object', 'array']

/** `good` is a value that the schema takes, as far as one is known. */
export function* positionsIn(schema: Schema, good: unknown, resolve: Resolve): Iterable<Position> {
  const unknown = Object.keys(schema).filter((keyword) => !KNOWN.has(keyword))
  if (unknown.length > 0) throw new Error(`Canaries do not know ${unknown.join(', ')} in a schema: see positions.ts`)
  if (schema.$ref !== undefined) return yield* positionsIn(resolve(schema.$ref), good, resolve)
  const { oneOf, anyOf, allOf, ...rest } = schema
  for (const branch of [...(oneOf ?? []), ...(anyOf ?? []), ...(allOf ?? [])]) yield* positionsIn(branch, good, resolve)
  if (Array.isArray(schema.type)) for (const type of schema.type) yield* positionsIn({ ...rest, type }, good, resolve)
  else if (schema.type !== undefined || !(oneOf ?? anyOf ?? allOf)) yield* ofType(rest as Schema, good, resolve)
}

function* ofType(schema: Schema, good: unknown, resolve: Resolve): Iterable<Position> {
  const { type, items } = schema
  if (type !== undefined && !TYPES.includes(type as string)) throw new Error(`Canaries do not know the type ${type}`)
  if (type === 'object' || (type === undefined && schema.properties)) yield* inObject(schema, good, resolve)
  else if (type === 'array')
    for (const { at, strict, put } of positionsIn(items ?? {}, Array.isArray(good) ? good[0] : undefined, resolve))
      yield { at: joined('[]', at), strict, put: (value) => [put(value)] }
  else yield { at: '', strict: strictness(schema), put: (value) => value }
}

function* inObject(schema: Schema, good: unknown, resolve: Resolve): Iterable<Position> {
  const { properties = {}, additionalProperties = true } = schema
  const base = (good ?? sampleOf(schema, resolve)) as object
  for (const [name, sub] of Object.entries(properties))
    for (const { at, strict, put } of positionsIn(sub, (base as Record<string, unknown>)[name], resolve))
      yield { at: joined(name, at), strict, put: (value) => ({ ...base, [name]: put(value) }) }
  const strict = additionalProperties === false ? 'no other fields are taken' : undefined
  yield { at: 'a new field', strict: strict ?? 'a name of a field', put: (value) => ({ ...base, [value]: 'x' }) }
  if (additionalProperties === false) return
  const other = additionalProperties === true ? {} : additionalProperties
  for (const inner of positionsIn(other, undefined, resolve))
    yield {
      ...inner,
      at: joined('a-new-field', inner.at),
      put: (value) => ({ ...base, 'a-new-field': inner.put(value) }),
    }
}

/** Something of this shape, where no example says what. */
export function sampleOf(schema: Schema, resolve: Resolve): unknown {
  if (schema.$ref !== undefined) return sampleOf(resolve(schema.$ref), resolve)
  const [first] = [...(schema.enum ?? []), ...((schema.examples as unknown[] | undefined) ?? [])]
  if (first !== undefined) return first
  const [branch] = schema.oneOf ?? schema.anyOf ?? []
  if (branch) return sampleOf(branch, resolve)
  if (schema.allOf) return Object.assign({}, ...schema.allOf.map((part) => sampleOf(part, resolve)))
  if (schema.type === 'array') return []
  if (schema.type !== 'object') return schema.type === 'string' ? 'x' : 1
  const needed = (schema.required ?? []).map((name) => [name, sampleOf(schema.properties?.[name] ?? {}, resolve)])
  return Object.fromEntries(needed)
}

const joined = (name: string, rest: string) =>
  rest === '' ? name : rest.startsWith('[') ? name + rest : `${name}.${rest}`

export const EMAILS = 'takes emails alone'

function strictness({ type, format, pattern, enum: words, const: only }: Schema): string | undefined {
  if (type !== undefined && type !== 'string') return `takes ${type} alone`
  if (words !== undefined || only !== undefined) return 'takes words of a list'
  if (format === 'email' || pattern === '^[^@]+@[^@]+$') return EMAILS
  if (format !== undefined || pattern !== undefined) return `takes ${format ?? pattern} alone`
  return undefined
}
