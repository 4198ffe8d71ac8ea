// What the detectors find, and what they pass to each other.

export type PiiKind = 'email' | 'phone' | 'idNumber' | 'ip' | 'card' | 'iban'

/**
 * Offsets are UTF-16 code units into the raw text. `value` is the decoded value (JSON escapes undone). `bare`: the span
 * is a whole JSON number in a text that is valid JSON, so a token needs quotes to keep the JSON valid.
 */
export interface PiiSpan {
  kind: PiiKind
  start: number
  end: number
  value: string
  bare: boolean
}

/** What stands between two groups of digits. SPACE: also several. LINE: a line end. MIXED: several of different kinds, or brackets. */
export const SEPARATORS = { NONE: 0, SPACE: 1, DASH: 2, POINT: 3, SLASH: 4, UNDERSCORE: 5, LINE: 6, MIXED: 7 } as const

export interface Candidate {
  digits: string
  /** Lengths of the groups, such as `3,3,4`. */
  shape: string
  /** No separators but spaces, dashes and one line end. */
  plain: boolean
  /** One kind of separator throughout, and none but spaces, dashes, dots, slashes and underscores. */
  uniform: boolean
  /** Which of SEPARATORS, as bits. */
  separators: number
}
