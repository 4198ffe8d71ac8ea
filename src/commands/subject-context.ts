// What the commands about a person share: who is meant, by id or by email, and the files. They work beside a running server.
import { text } from 'node:stream/consumers'
import { readSigningKey } from '../compliance/signing.ts'
import { type Config, readConfig } from '../config.ts'
import { type Context, createContext } from '../context.ts'
import { NotFoundError, UsageError } from '../errors.ts'
import { findSubject } from '../identity/contacts.ts'
import { heldBackups } from '../ops/backup/held.ts'
import { readPolicies } from '../ops/backup/policy.ts'
import { signingKeyOf } from './audit-context.ts'
import type { Arguments } from './command.ts'

export const WHO = 'ID is a subject id, or an email; "-" reads it from the standard input, so that no shell keeps it.'

/** Runs `work` over the three files, for the person that the first argument names. */
export async function forSubject<T>(
  args: Arguments,
  work: (context: Context, subjectId: string) => Promise<T>,
): Promise<T> {
  const word = await wordOf(args.positionals[0] ?? '')
  await using context = await createContext(readConfig())
  return await work(context, subjectIn(context, word))
}

async function wordOf(argument: string): Promise<string> {
  const word = (argument === '-' ? await text(process.stdin) : argument).trim()
  if (word !== '') return word
  throw new UsageError('Expected a subject id or an email, got nothing.', { hint: WHO })
}

/** Throws NotFoundError, without the email. */
function subjectIn({ files }: Context, word: string): string {
  if (!word.includes('@')) return word
  const found = findSubject(files.identity.rows, word)
  if (found !== undefined) return found
  throw new NotFoundError('Nobody has this email', {
    hint: 'Whoever was erased is known by subject id alone; see the receipt.',
  })
}

/** One command, one request: no key, so that a repeat is a request of its own. */
export const askedFor = (verb: string, subjectId: string) => ({ route: `gogga ${verb}`, body: { subjectId } })

export const backupsOf = ({ backupPolicy, dataDir }: Config) =>
  heldBackups(readPolicies({ file: backupPolicy, dataDir }))

/** The file that is named, else the configured one; undefined: nothing is signed. */
export const signingKeyIn = (path: string | undefined, config: Config) =>
  path === undefined ? signingKeyOf(config) : readSigningKey(path, '--sign')
