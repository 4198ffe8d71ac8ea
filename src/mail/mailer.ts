// Sends mails: over SMTP where a server is named, else into files. An address stands in the mail alone, never in a log
// line or an error.
import { UnavailableError } from '../errors.ts'
import { parseSender } from './addresses.ts'
import { sendToFile } from './file-way.ts'
import { compose, type Mail } from './message.ts'
import { openSmtp } from './smtp-way.ts'

export type { Mail } from './message.ts'

export type MailWay = 'smtp' | 'file'

export interface SentMail {
  /** The Message-ID before its `@`; the name of the file without `.eml`. */
  readonly id: string
  readonly way: MailWay
}

export interface MailLine extends SentMail {
  readonly event: string
}

export interface MailerOptions {
  /** `smtp://user:password@host:587?requireTLS=true`, `smtps://…`; without it mails become files. */
  readonly smtpUrl: string | undefined
  /** `GOGGA <no-reply@gogga.example>` */
  readonly from: string
  /** Where files go; made with mode 0700 when the first is written. */
  readonly folder: string
  /** Letters, digits, `-` and `_`; never the same twice. */
  readonly newId: () => string
  readonly now: () => Date
  /** The longest that one mail may take over SMTP; 10,000. */
  readonly timeoutMs?: number
  /** Called for each mail that was sent. */
  readonly log?: (line: MailLine) => void
}

export interface Mailer extends AsyncDisposable {
  /**
   * Throws UsageError where `to` is not one address or `subject` not one line, UnavailableError where the server does not
   * take the mail in time or the folder cannot be written. No message or cause holds the address or words of the server.
   */
  send(mail: Mail): Promise<SentMail>
}

const TIMEOUT_MS = 10_000

/** Throws UsageError where `smtpUrl` or `from` does not fit. Dispose waits for the mails under way. */
export function createMailer(options: MailerOptions): Mailer {
  const { smtpUrl, folder, newId, now, timeoutMs = TIMEOUT_MS, log } = options
  const from = parseSender(options.from)
  const smtp = smtpUrl === undefined ? undefined : openSmtp(smtpUrl, timeoutMs)
  const running = new Set<Promise<unknown>>()
  let isClosed = false

  const deliver = async (mail: Mail): Promise<SentMail> => {
    const sent: SentMail = { id: newId(), way: smtp ? 'smtp' : 'file' }
    const message = compose(mail, from, sent.id, now())
    const { isWanted = () => true } = mail
    if (!isWanted()) return sent
    await (smtp ? smtp.send(message) : sendToFile(folder, sent.id, message, isWanted))
    log?.({ event: 'mail-sent', ...sent })
    return sent
  }

  return {
    async send(mail) {
      if (isClosed) throw new UnavailableError('Mail is closed: this process is stopping', { hint: 'Repeat it.' })
      const delivery = deliver(mail)
      running.add(delivery)
      return delivery.finally(() => running.delete(delivery))
    },
    async [Symbol.asyncDispose]() {
      isClosed = true
      await Promise.allSettled(running)
      smtp?.close()
    },
  }
}
