// What the commands about a person share: who is meant, by id or by email, and the files. They work beside a running server.
import { text } from 'node:stream/consumers'
import type { BackupHeld } from '../compliance/erasure/receipt.ts'
import { readSigningKey } from '../compliance/signing.ts'
import { type Config, readConfig } from '../config.ts'
import { type Context, createContext } from '../context.ts'
import { DOMAINS } from '../database/domains.ts'
import { NotFoundError, UsageError } from '../errors.ts'
import { findSubject } from '../identity/contacts.ts'
import { expiryOf } from '../ops/backup/expiry.ts'
import { listBackups } from '../ops/backup/list.ts'
import { readPolicies } from '../ops/backup/policy.ts'
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

/** Of all files, as their policies keep them; none where a store cannot be read now, and then the receipt would lie: it throws. */
export async function backupsHeld(config: Config): Promise<readonly BackupHeld[]> {
  const policies = readPolicies({ file: config.backupPolicy, dataDir: config.dataDir })
  const lists = await Promise.all(DOMAINS.map((domain) => listBackups(policies[domain])))
  return lists.flatMap(({ backups }) =>
    backups.map(({ manifest }) => ({
      domain: manifest.domain,
      id: manifest.id,
      takenAt: manifest.takenAt,
      expiresAt: expiryOf(manifest, policies[manifest.domain]).toISOString(),
    })),
  )
}

export const signingKeyIn = (path: string | undefined) => (path === undefined ? undefined : readSigningKey(path))
