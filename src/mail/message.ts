// One mail as the library takes it, the same for both ways.
import type { SendMailOptions } from 'nodemailer'
import { checkId, checkRecipient, checkSubject, type Sender } from './addresses.ts'

export interface Mail {
  /** One address. */
  readonly to: string
  /** One line. */
  readonly subject: string
  readonly text: string
  readonly html?: string
  /** Asked right before it goes, and of a file right behind: what is not wanted any more, such as of somebody who was erased
   * meanwhile, does not stay. */
  readonly isWanted?: () => boolean
}

/** Texts are texts: nothing of a mail is ever read from a file or fetched. */
export const CLOSED = { disableFileAccess: true, disableUrlAccess: true } as const

/** Throws UsageError where `to`, `subject` or `id` cannot stand in the head of a mail. */
export function compose({ to, subject, text, html }: Mail, from: Sender, id: string, date: Date): SendMailOptions {
  checkId(id)
  checkRecipient(to)
  checkSubject(subject)
  return {
    ...CLOSED,
    // As objects, addresses are not parsed again.
    from: { ...from },
    to: { name: '', address: to },
    envelope: { from: from.address, to },
    subject,
    text,
    ...(html !== undefined && { html }),
    date,
    messageId: `<${id}@${from.address.slice(from.address.indexOf('@') + 1)}>`,
    xMailer: false,
    // Keeps holiday notices from answering.
    headers: { 'Auto-Submitted': 'auto-generated' },
  }
}
