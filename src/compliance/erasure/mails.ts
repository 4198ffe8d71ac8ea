// Mails that lie as files, where no mail server takes them: those to the person go, and those that mention an address of theirs.
import { readdirSync } from 'node:fs'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Needle } from '../audit/bytes/kinds.ts'
import { holderOf } from './text-finder.ts'

/** Those that are being written end in `.eml.new`. */
export function mailsIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith('.eml') || name.endsWith('.eml.new'))
      .sort()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

/** Gives how many there were. Addresses of others that hold one of these are added to `within`. */
export async function removeMails(folder: string, emails: readonly Needle[], within: Set<string>): Promise<number> {
  let count = 0
  const holds = holderOf(emails, within)
  for (const name of emails.length === 0 ? [] : mailsIn(folder)) {
    const path = join(folder, name)
    if (
      !textsOf(await contentOf(path))
        .map(holds)
        .includes(true)
    )
      continue
    await rm(path, { force: true })
    count += 1
  }
  return count
}

/** Nothing where it is gone, or got its last name, since the folder was read. */
async function contentOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    return path.endsWith('.new') ? await contentOf(path.slice(0, -'.new'.length)) : ''
  }
}

const BASE64_RUN = /(?:[A-Za-z\d+/]{16,}={0,2}\s*)+/g

/** A mail as it stands, and what its encodings stand for. */
function textsOf(mail: string): readonly string[] {
  const joined = mail.replaceAll(/=\r?\n/g, '')
  return [
    mail,
    decoded(joined, /(?:=[\dA-F]{2})+/gi, '='),
    decoded(joined, /(?:%[\dA-F]{2})+/gi, '%'),
    joined.replaceAll('\\u0040', '@').replaceAll('&#64;', '@'),
    ...(mail.match(BASE64_RUN) ?? []).map((run) => Buffer.from(run, 'base64').toString()),
  ]
}

const decoded = (text: string, runs: RegExp, mark: string): string =>
  text.replaceAll(runs, (run) => Buffer.from(run.replaceAll(mark, ''), 'hex').toString())
