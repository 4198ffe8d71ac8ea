// Mails over SMTP, on a few connections that are kept for the next mail.
import { createTransport, type SendMailOptions } from 'nodemailer'
import { CLOSED } from './message.ts'
import { smtpError } from './smtp-errors.ts'
import { parseSmtpUrl } from './smtp-url.ts'

export interface SmtpWay {
  /** Settles within the time limit. Throws UnavailableError. */
  send(message: SendMailOptions): Promise<void>
  close(): void
}

const CONNECTIONS = 5
const IDLE_MS = 60_000
const CLOSE_MS = 1_000
/** A connection that the server closed while it lay idle is noticed only by the next mail. */
const REQUEUES = 2

export function openSmtp(url: string, timeoutMs: number): SmtpWay {
  const server = parseSmtpUrl(url)
  const transport = createTransport({
    ...server,
    ...CLOSED,
    pool: true,
    logger: false,
    maxConnections: CONNECTIONS,
    maxRequeues: REQUEUES,
    idleTimeout: IDLE_MS,
    dnsTimeout: timeoutMs,
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: Math.max(timeoutMs, IDLE_MS + CLOSE_MS),
    socketCloseTimeout: CLOSE_MS,
  })
  return {
    async send(message) {
      try {
        // The library limits each step; the whole, with the wait for a free connection, is limited here.
        await transport.sendMail({ ...message, signal: AbortSignal.timeout(timeoutMs) })
      } catch (error) {
        throw smtpError(error, `${server.host}:${server.port ?? (server.secure ? 465 : 587)}`)
      }
    },
    close: () => transport.close({ force: true }),
  }
}
