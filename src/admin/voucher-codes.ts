// Codes of vouchers: `GOGGA-XXXX-XXXX-XXXX`, 60 random bits in Crockford's base32 (crockford.com/base32.html), whose letters
// are not mistaken for each other. Codes of the unified database may be any text.

const LETTERS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const GROUPS = 3
const GROUP_LENGTH = 4
const LENGTH = GROUPS * GROUP_LENGTH
const PREFIX = 'GOGGA'
/** What people read or write for a letter of the alphabet. */
const LOOK_ALIKES: Readonly<Record<string, string>> = { O: '0', I: '1', L: '1', U: 'V' }
/** The prefix, after that. */
const READ_PREFIX = 'G0GGA'
const BODY = new RegExp(`^(?:${READ_PREFIX})?([${LETTERS}]{${LENGTH}})$`)
/** Longer texts are no code of ours, however many spaces are in them. */
const MAX_TYPED = 100

/** One byte a letter: 256 is a multiple of 32, so every letter is as likely. */
export function newCode(randomBytes: (size: number) => Buffer): string {
  const letters = Array.from(randomBytes(LENGTH), (byte) => LETTERS.charAt(byte & 31))
  return withDashes(letters.join(''))
}

/** A code as people type it → as it is kept; any other text without the spaces around it, since it may be an old code. */
export function normaliseCode(text: string): string {
  const typed = text.trim()
  if (typed.length > MAX_TYPED) return typed
  const letters = typed
    .normalize('NFKC')
    .toUpperCase()
    .replace(/[^0-9A-Z]/g, '')
    .replace(/[OILU]/g, (letter) => LOOK_ALIKES[letter] ?? letter)
  const body = BODY.exec(letters)?.[1]
  return body === undefined ? typed : withDashes(body)
}

function withDashes(body: string): string {
  const groups = Array.from({ length: GROUPS }, (_, at) => body.slice(at * GROUP_LENGTH, (at + 1) * GROUP_LENGTH))
  return [PREFIX, ...groups].join('-')
}
