// Mailers with ids that are counted and a clock that stands still.
import { inspect } from 'node:util'
import { createMailer, type Mailer, type MailerOptions, type MailLine } from '../../src/mail/mailer.ts'

export const NOW = new Date('2026-11-22T10:11:12Z')
export const MAIL = { to: 'thandi@example.com', subject: 'Hello', text: 'Good day' } as const

export interface TestMailer extends Mailer {
  /** What was logged. */
  readonly lines: readonly MailLine[]
}

export function testMailer(options: Partial<MailerOptions>): TestMailer {
  let count = 0
  const lines: MailLine[] = []
  const mailer = createMailer({
    smtpUrl: undefined,
    from: 'GOGGA <no-reply@gogga.example>',
    folder: '/nowhere',
    newId: () => `m${++count}`,
    now: () => NOW,
    timeoutMs: 20_000,
    log: (line) => lines.push(line),
    ...options,
  })
  return { ...mailer, lines }
}

/** The error that `work` ends with. */
export async function failureOf(work: Promise<unknown>): Promise<Error> {
  const settled = await work.then(
    () => undefined,
    (error: unknown) => error,
  )
  if (settled instanceof Error) return settled
  throw new Error(`Expected an error, got ${inspect(settled)}`)
}

/** Everything that a log could print of an error: message, stack, properties, causes, hidden properties too. */
export const everythingOf = (error: Error): string => inspect(error, { depth: 20, showHidden: true, compact: false })
