// What goes into the head of a mail: checked before anything composes it, so that no value can add a line to the head
// or a second recipient to the envelope. Nothing here repeats an address in its words.
import { UsageError } from '../errors.ts'

const LONGEST_ADDRESS = 254
const LONGEST_LOCAL = 64
/** RFC 5321 dot-atom and letters of any script (RFC 6531); quoted local parts and address literals are left out. */
const ADDRESS =
  /^[\p{L}\p{M}\p{N}!#$%&'*+/=?^_`{|}~-]+(?:\.[\p{L}\p{M}\p{N}!#$%&'*+/=?^_`{|}~-]+)*@(?<domain>[\p{L}\p{M}\p{N}.-]+)$/u
const LABEL = /^[\p{L}\p{M}\p{N}](?:[\p{L}\p{M}\p{N}-]*[\p{L}\p{M}\p{N}])?$/u
const NAMED = /^(?<name>[^<>]*)<(?<address>[^<>]+)>$/
const ID = /^[A-Za-z0-9_-]{1,100}$/
/** Also the separators of lines and paragraphs, and halves of surrogate pairs, which no encoding carries. */
const UNPRINTABLE = /[\p{Cc}\p{Cs}\u2028\u2029]/u

export interface Sender {
  readonly name: string
  readonly address: string
}

export const isAddress = (text: string): boolean => {
  const domain = ADDRESS.exec(text)?.groups?.domain
  if (domain === undefined || text.length > LONGEST_ADDRESS || text.indexOf('@') > LONGEST_LOCAL) return false
  return domain.split('.').every((label) => LABEL.test(label))
}

/** Throws UsageError unless `to` is exactly one address, without a name. */
export function checkRecipient(to: string): void {
  if (isAddress(to)) return
  throw new UsageError('A mail goes to one address such as somebody@example.com; what came is none', {
    errors: [{ at: 'to', message: 'is not one address' }],
    hint: 'Correct the address.',
  })
}

/** Throws UsageError where the subject is empty or would not stay on one line. */
export function checkSubject(subject: string): void {
  if (subject.trim() !== '' && !UNPRINTABLE.test(subject)) return
  throw new UsageError('A subject is one line of text; what came is empty or holds a line break or another control', {
    errors: [{ at: 'subject', message: 'is not one line of text' }],
  })
}

/** `no-reply@gogga.example` or `GOGGA <no-reply@gogga.example>`. Throws UsageError otherwise. */
export function parseSender(from: string): Sender {
  const { name = '', address = from } = NAMED.exec(from)?.groups ?? {}
  if (isAddress(address) && !UNPRINTABLE.test(name)) return { name: name.trim().replace(/^"(.*)"$/, '$1'), address }
  throw new UsageError('The sender of mails is not an address', {
    hint: 'Write it as no-reply@example.com or as "GOGGA <no-reply@example.com>".',
  })
}

/** The id becomes the name of a file and a part of the head. */
export function checkId(id: string): void {
  if (!ID.test(id)) throw new UsageError('The id of a mail must be 1 to 100 letters, digits, "-" or "_"')
}
