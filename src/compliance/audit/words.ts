// Words of an audit about what went wrong, without a place of the machine or a value of anybody.
import { GoggaError } from '../../errors.ts'
import type { Finding, Section } from './finding.ts'

/** A sentence stays one: `nothing is at its place`. */
const placeless = (message: string): string => message.replaceAll(/ at (?:[A-Za-z]:)?[\\/][^\s:,]*/g, ' at its place')

export const nameOf = (path: string): string => path.split(/[\\/]/).at(-1) ?? path

/** Messages of others may hold values: a code is told then. */
export function wordsOf(error: unknown): { readonly message: string; readonly next: string } {
  const next = 'Correct what it names, and repeat the audit.'
  if (error instanceof GoggaError)
    return { message: `It came to no end: ${placeless(error.message)}`, next: placeless(error.hint ?? next) }
  const { code, name } = error as { code?: string; name?: string }
  return { message: `It came to no end: ${code ?? name ?? 'unknown'}`, next: `Run "npx gogga check". ${next}` }
}

export function unfinished(section: Section, error: unknown): Finding {
  const { message, next } = wordsOf(error)
  const code = `${section}.unfinished`
  return { severity: 'high', section, code, message, place: { file: 'the audit' }, count: 1, next }
}
