// Tokens that give power to their holder: 256 random bits, so a plain SHA-256 is enough at rest; a slow hash protects only
// what people choose. They are looked up by the hash, whose comparison tells nothing of the token.
import { hash } from 'node:crypto'

const BYTES = 32
const LETTERS = /^[A-Za-z0-9_-]{43}$/

/** `<prefix><43 letters of base64url>`. */
export const newSecret = (prefix: string, randomBytes: (size: number) => Buffer): string =>
  prefix + randomBytes(BYTES).toString('base64url')

/** SHA-256 of the whole token, in hex; undefined where it is none of this prefix. */
export const hashOfSecret = (prefix: string, presented: string): string | undefined =>
  presented.startsWith(prefix) && LETTERS.test(presented.slice(prefix.length)) ? hashOf(presented) : undefined

export const hashOf = (secret: string): string => hash('sha256', secret, 'hex')
