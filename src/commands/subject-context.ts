// What the commands about a person share: who is meant, by id or by email, and the files. They work beside a running server.
import { text } from 'node:stream/consumers'
import { readSigningKey } from '../compliance/signing.ts'
import { type Config, readConfig } from '../config.ts'
import { type Context, createContext } from '../context.ts'
import { ConflictError, NotFoundError, UsageError } from '../errors.ts'
import { findSubject, subjectForEmail } from '../identity/contacts.ts'
import { emailKey } from '../identity/emails.ts'
import { formerOwnersOf } from '../identity/former-addresses.ts'
import { looking, noTraces } from '../identity/traces.ts'
import { heldBackups } from '../ops/backup/held.ts'
import { readPolicies } from '../ops/backup/policy.ts'
import { maskEmail } from '../pii/mask.ts'
import { signingKeyOf } from './audit-context.ts'
import type { Arguments } from './command.ts'

export const WHO =
  'ID is a subject id, or an email, also a former one; "-" reads it from the standard input, so that no shell keeps it.'

export interface Found {
  readonly subjectId: string
  /** Where the email is none that anybody has now: in words, masked, and since when it is not. */
  readonly formerly?: { readonly email: string; readonly until: string }
  /** Who else had the email, and until when, where somebody has it now. */
  readonly others?: readonly string[]
  /** Nobody had the email: only the log of sign-ins, or a text, knew it. */
  readonly isNew?: boolean
}

/** Runs `work` over the three files, for the person that the first argument names. */
export async function forSubject<T>(
  args: Arguments,
  work: (context: Context, subjectId: string, found: Found) => Promise<T>,
  tell: (said: string) => void = (said) => process.stderr.write(said),
): Promise<T> {
  const word = await wordOf(args.positionals[0] ?? '')
  await using context = await createContext(readConfig())
  const found = subjectIn(context, word) ?? (await contactFor(context, word))
  tell(saidOf(found))
  return await work(context, found.subjectId, found)
}

/** No more of the email than was typed, and less. */
export const saidOf = ({ subjectId, formerly, isNew }: Found): string =>
  isNew
    ? `Nobody had this email, and what mentions it is somebody's: it is contact ${subjectId} from now on.\n`
    : formerly
      ? `Found by a former address: ${formerly.email} was that of ${subjectId} until ${formerly.until}; nobody has it now.\n`
      : ''

async function wordOf(argument: string): Promise<string> {
  const word = (argument === '-' ? await text(process.stdin) : argument).trim()
  if (word !== '') return word
  throw new UsageError('Expected a subject id or an email, got nothing.', { hint: WHO })
}

/** Whoever has the email, else whoever had it; undefined where nobody did. Throws ConflictError where several had it; without the email. */
function subjectIn({ files }: Context, word: string): Found | undefined {
  if (!word.includes('@')) return { subjectId: word }
  const { rows } = files.identity
  const present = findSubject(rows, word)
  const former = formerOwnersOf(rows, word).filter(({ id }) => id !== present)
  if (present !== undefined) return { subjectId: present, ...(former.length > 0 && { others: former.map(shown) }) }
  const [first, ...others] = former
  if (!first) return undefined
  if (others.length === 0) return { subjectId: first.id, formerly: { email: maskEmail(word), until: first.until } }
  throw new ConflictError(`${former.length} people had this email at different times, and nobody has it now`, {
    hint: `Name one of them by subject id: ${former.map(shown).join('; ')}.`,
  })
}

const shown = ({ id, until }: { readonly id: string; readonly until: string }): string => `${id} (until ${until})`

/** Whom only the log of sign-ins or a text knows has the rights of everybody; a request needs a subject. Throws NotFoundError. */
async function contactFor({ files, now, newId }: Context, email: string): Promise<Found> {
  const traces = noTraces([emailKey(email)])
  for (const _ of looking(files.identity.rows, traces)) await new Promise((resolve) => setImmediate(resolve))
  const { typed, tokens, values, words, originals } = traces
  if (typed.size + tokens.size + values.size + words.size + originals.size === 0)
    throw new NotFoundError('Nobody has this email, or had it', {
      hint: 'Whoever was erased is known by subject id alone; see the receipt.',
    })
  const subjectId = await files.identity.change((tx) => subjectForEmail(tx, { email }, { now, newId }))
  return { subjectId, isNew: true }
}

/** One command, one request: no key, so that a repeat is a request of its own. */
export const askedFor = (verb: string, subjectId: string) => ({ route: `gogga ${verb}`, body: { subjectId } })

export const backupsOf = ({ backupPolicy, dataDir }: Config) =>
  heldBackups(readPolicies({ file: backupPolicy, dataDir }))

/** The file that is named, else the configured one; undefined: nothing is signed. */
export const signingKeyIn = (path: string | undefined, config: Config) =>
  path === undefined ? signingKeyOf(config) : readSigningKey(path, '--sign')
