/** What an audit found: where and how much, never a value of a person, and what to do about it. */
export interface Finding {
  readonly severity: Severity
  readonly section: Section
  /** Such as `values.email`; the same for the same kind of finding, whatever its message says. */
  readonly code: string
  readonly message: string
  readonly place: Place
  /** How many values, rows, bytes or files the message is about. */
  readonly count: number
  /** What to do next, a sentence. */
  readonly next: string
}

export type Severity = 'high' | 'medium' | 'low' | 'info'
export type Section = 'schema' | 'values' | 'bytes' | 'handles' | 'logs' | 'run-time' | 'chain'

export interface Place {
  /** `billing.db`, or what else was looked at. */
  readonly file: string
  readonly table?: string
  readonly column?: string
  /** Within the value: a JSON path, the view that showed it, or both. */
  readonly path?: string
  readonly offset?: never
}
