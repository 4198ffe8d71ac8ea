// A posted form, read strictly: the signature is over what came, so nothing may be guessed.
import { type ErrorDetail, UsageError } from '../errors.ts'
import type { Fields } from './signature.ts'

const NAME = /^[A-Za-z0-9_]{1,64}$/

/** The fields of an application/x-www-form-urlencoded body, in order. UsageError for a broken escape or a repeated name. */
export function readForm(body: string): Fields {
  const fields = body.split('&').map(readField)
  const names = fields.map(([name]) => name)
  const repeated = new Set(names.filter((name, index) => names.indexOf(name) !== index))
  if (repeated.size > 0) throw formError([...repeated].map((at) => ({ at, message: 'expected once, came repeatedly' })))
  return fields
}

/** A message names fields, never what they hold: it reaches logs. */
export function formError(errors: readonly ErrorDetail[]): UsageError {
  const list = errors.map(({ at, message }) => `${at}: ${message}`).join('; ')
  return new UsageError(`The notification does not fit: ${list}`, { errors })
}

function readField(pair: string, index: number): readonly [string, string] {
  const [rawName = '', ...rest] = pair.split('=')
  const at = NAME.test(rawName) ? rawName : `field ${index + 1}`
  if (at !== rawName) throw formError([{ at, message: 'expected a name of letters, digits and _' }])
  try {
    return [rawName, decodeURIComponent(rest.join('=').replaceAll('+', ' '))]
  } catch {
    throw formError([{ at, message: 'expected UTF-8 with % escapes' }])
  }
}
