// A query string → its parameters, before anything knows what they mean. Strict, since a parameter that is silently
// dropped changes which rows are answered: no duplicates, no deeper brackets than `filter[field][op]`.
import { UsageError } from '../../errors.ts'

/** By parameter, and for `filter` by field and operator. Without prototype: `__proto__` is a name like any other. */
export interface QueryInput {
  readonly [name: string]: string | FilterInput
}
export interface FilterInput {
  readonly [field: string]: { readonly [op: string]: string }
}

export const MAX_QUERY_LENGTH = 8_192
const MAX_PARAMETERS = 64

const FILTER = /^filter\[([^[\]]+)\](?:\[([^[\]]+)\])?$/

/** Throws UsageError; its message names parameters and never repeats values. */
export function parseQuery(text: string): QueryInput {
  if (text.length > MAX_QUERY_LENGTH) {
    throw new UsageError(`The query string has ${text.length} characters, at most ${MAX_QUERY_LENGTH} are allowed`)
  }
  const pairs = text.split('&').filter(Boolean)
  if (pairs.length > MAX_PARAMETERS) {
    throw new UsageError(`The query string has ${pairs.length} parameters, at most ${MAX_PARAMETERS} are allowed`)
  }
  const input: Record<string, string | FilterInput> = Object.create(null)
  for (const pair of pairs) {
    const at = pair.indexOf('=')
    const name = decode(at < 0 ? pair : pair.slice(0, at))
    const value = decode(at < 0 ? '' : pair.slice(at + 1))
    if (name === 'filter' || name.startsWith('filter[')) addFilter(input, name, value)
    else if (name in input) throw parameterError(name, 'is given twice; join several values with commas')
    else input[name] = value
  }
  return input
}

function addFilter(input: Record<string, string | FilterInput>, name: string, value: string): void {
  const [, field, op = 'eq'] = FILTER.exec(name) ?? []
  if (field === undefined) {
    throw parameterError(name, 'is not a filter; write filter[field]=value or filter[field][operator]=value')
  }
  input.filter ??= Object.create(null) as FilterInput
  const filters = input.filter as Record<string, Record<string, string>>
  filters[field] ??= Object.create(null) as Record<string, string>
  const operators = filters[field]
  if (op in operators) throw parameterError(name, 'is given twice; use filter[field][in]=a,b for several values')
  operators[op] = value
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    throw new UsageError('The query string is not percent-encoded UTF-8', { hint: 'Write a "%" itself as "%25".' })
  }
}

/** Identifiers, joined by dots or in brackets, none with many digits: those could be a number of a person. */
const NAME = /^-?(?!.*\d{5})[A-Za-z_][\w-]*(?:[.[]+[A-Za-z_][\w-]*\]*)*$/

/** A caller's own words for a name, as far as they look like one: what else stands there may be somebody's email. */
export const shownName = (name: string): string =>
  name.length <= 64 && NAME.test(name) ? name : `(${name.length} characters)`

const parameterError = (name: string, what: string): UsageError => {
  const shown = shownName(name)
  return new UsageError(`The parameter ${shown} ${what}`, { errors: [{ at: shown, message: what }] })
}
