// What is wrong with a request, gathered so that one answer names all of it.
import { type ErrorDetail, ForbiddenError, UsageError } from '../errors.ts'

interface Unknown {
  readonly at: string
  readonly what: string
  readonly name: string
  readonly allowed: readonly string[]
  readonly path?: string
  readonly hint?: string
}

export class Problems {
  readonly #wrong: ErrorDetail[] = []
  readonly #forbidden: ErrorDetail[] = []

  add(at: string, message: string): undefined {
    this.#wrong.push({ at, message })
  }

  /** A name that is not there, those that are, and where it stands if not by itself. `hint`: a sentence. */
  unknown({ at, what, name, allowed, path, hint }: Unknown): undefined {
    const where = path === undefined || path === name ? '' : ` (in ${spelled(path)})`
    const advice = hint === undefined ? '' : `. ${hint}`
    const names = allowed.join(', ') || 'none'
    return this.add(at, `There is no ${what} ${spelled(name)} here${where}; allowed: ${names}${advice}`)
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
      hint: 'Filter and sort by other fields, or ask with a key that may see these in clear.',
    })
  }
}

/** What cannot be a name may be a value in the wrong place, somebody's email perhaps, and is not repeated. */
export const spelled = (name: string): string =>
  isName(name) ? JSON.stringify(name) : `of this spelling (${name.length} characters)`

/** Names begin with no digit and hold no number as long as those of people: an ID number or a phone's is repeated nowhere. */
export const isName = (text: string): boolean =>
  text.length <= 100 && /^[a-z_]\w*(\.[a-z_]\w*)*$/i.test(text) && !/\d{5}/.test(text)

const textOf = (details: readonly ErrorDetail[]): string =>
  details.map(({ at, message }) => `${at}: ${message}`).join('; ')
