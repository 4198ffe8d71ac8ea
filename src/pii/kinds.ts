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

export interface Candidate {
  digits: string
  /** Lengths of the groups, such as `3,3,4`. */
  shape: string
  /** One kind of separator throughout, and no dot or bracket. */
  plain: boolean
  uniform: boolean
}
