// Mails that lie as files, where no mail server takes them: those of the person go.
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { formsOf } from './forms.ts'

/** Paths of mails to one of these addresses, or that mention one. */
export function mailsOf(folder: string, emails: readonly string[]): readonly string[] {
  const forms = emails.flatMap(formsOf)
  return namesIn(folder)
    .map((name) => join(folder, name))
    .filter((path) => {
      const mail = readFileSync(path, 'latin1').toLowerCase()
      return forms.some((form) => mail.includes(form))
    })
}

/** Gives how many there were. */
export function removeMails(folder: string, emails: readonly string[]): number {
  const paths = mailsOf(folder, emails)
  for (const path of paths) rmSync(path, { force: true })
  return paths.length
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).filter((name) => name.endsWith('.eml') || name.endsWith('.eml.new'))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}
