import type { Domain } from '../../database/domains.ts'

/** error: something is broken or about to be lost; warning: look soon; notice: a fact that may be as it should. */
export type Severity = 'error' | 'warning' | 'notice'

/** Where it is: names and numbers of things, never a value of a person. */
export interface Place {
  readonly file: Domain
  readonly table?: string
  readonly column?: string
}

export interface Finding {
  /** Name of the check, as in the table of checks. */
  readonly check: string
  readonly severity: Severity
  readonly place: Place
  /** Rows, messages, pages or bytes, as the message says. */
  readonly count?: number
  readonly message: string
  /** What to do about it, one sentence. */
  readonly next: string
}
