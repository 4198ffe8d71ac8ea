// What is looked for, and how it may be written in a raw file. Numbers stand for both in records.

/** `text`: a value that somebody handed in, of no known kind. */
export const KINDS = ['email', 'ip', 'phone', 'idNumber', 'card', 'name', 'text'] as const
export type NeedleKind = (typeof KINDS)[number]

export const FORMS = [
  ...(['plain', 'utf-16', 'base64', 'hex', 'percent', 'json', 'quoted-printable'] as const),
  ...(['html', 'fullwidth'] as const),
] as const
export type Form = (typeof FORMS)[number]

export const PLAIN = 0
export const UTF16 = 1
export const BASE64 = 2
export const HEX = 3
export const PERCENT = 4
export const JSON_ESCAPE = 5
export const QUOTED_PRINTABLE = 6
export const HTML = 7
export const FULLWIDTH = 8

/** One value of a person, as identity.db holds it. */
export interface Needle {
  readonly value: string
  readonly kind: NeedleKind
}

/** Of a value that is longer only so many bytes are looked for. Addresses have 254 at most (RFC 5321). */
export const LONGEST = 255
/** What has no `@` is looked for by windows of four bytes at every fourth place, which takes seven. */
export const SHORTEST = 7
/** `a@b.co` */
export const SHORTEST_ADDRESS = 6
/** Bytes of a file that one occurrence can take: six for each where every character is a JSON escape. */
export const WIDEST = 6 * LONGEST
/** Bytes of a file after an occurrence that say whether it ends there: `41.13.2.5` in `41.13.2.50`. */
export const AFTER = 32
