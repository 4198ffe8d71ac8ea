// What is wrong with a request, gathered so that one answer names all of it.
import { type ErrorDetail, ForbiddenError, UsageError } from '../errors.ts'

export class Problems {
  readonly #wrong: ErrorDetail[] = []
  readonly #forbidden: ErrorDetail[] = []

  add(at: string, message: string): undefined {
    this.#wrong.push({ at, message })
  }

  /** A name that is not there, and those that are. */
  unknown(at: string, what: string, name: string, allowed: readonly string[]): undefined {
    return this.add(at, `There is no ${what} ${spelled(name)} here; allowed: ${allowed.join(', ') || 'none'}`)
  }

  forbid(at: string, message: string): undefined {
    this.#forbidden.push({ at, message })
  }

  /** Throws UsageError for anything wrong, else ForbiddenError for anything that the reader may not do. */
  throwAny(): void {
    if (this.#wrong.length > 0) throw new UsageError(textOf(this.#wrong), { errors: this.#wrong })
    if (this.#forbidden.length === 0) return
    throw new ForbiddenError(textOf(this.#forbidden), {
      errors: this.#forbidden,
      hint: 'Filter and sort by other fields, or ask with a key that may read personal information.',
    })
  }
}

/** What cannot be a name may be a value in the wrong place, somebody's email perhaps, and is not repeated. */
export const spelled = (name: string): string =>
  isName(name) ? JSON.stringify(name) : `of this spelling (${name.length} characters)`

export const isName = (text: string): boolean => /^[\w.-]{1,100}$/.test(text)

const textOf = (details: readonly ErrorDetail[]): string =>
  details.map(({ at, message }) => `${at}: ${message}`).join('; ')
