// A real SMTP server on this machine, for tests. What it takes is kept; nothing goes further.
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'

export interface ReceivedMail {
  /** Recipients of the envelope. */
  readonly to: readonly string[]
  /** Sender of the envelope. */
  readonly from: string
  /** Head and body as they came; `parseMail` reads them. */
  readonly raw: string
  /** Whether it came over TLS. */
  readonly secure: boolean
}

export interface SmtpServerHandle extends AsyncDisposable {
  /** `smtp://127.0.0.1:PORT`, or `smtps:` with the option `secure`. */
  readonly url: string
  readonly port: number
  readonly messages: readonly ReceivedMail[]
  /** The oldest mail that no call has given yet; waits for it. */
  next(): Promise<ReceivedMail>
}

const PATIENCE_MS = 20_000

/** Takes every mail without sign-in and TLS; `options` of the package smtp-server say otherwise. Port 0: any free one. */
export async function startSmtp(options: SMTPServerOptions = {}, port = 0): Promise<SmtpServerHandle> {
  const messages: ReceivedMail[] = []
  const arrivals = new EventTarget()
  let given = 0
  const server = new SMTPServer({
    authOptional: true,
    allowInsecureAuth: true,
    disableReverseLookup: true,
    disabledCommands: ['STARTTLS'],
    closeTimeout: 100,
    onData(stream, { envelope, secure }, done) {
      text(stream).then((raw) => {
        const from = envelope.mailFrom ? envelope.mailFrom.address : ''
        messages.push({ to: envelope.rcptTo.map(({ address }) => address), from, raw, secure })
        arrivals.dispatchEvent(new Event('mail'))
        done()
      }, done)
    },
    ...options,
  })
  // A client that goes away in the middle is what some tests are about.
  server.on('error', () => undefined)
  await once(server.listen(port, '127.0.0.1'), 'listening')
  const bound = (server.server.address() as AddressInfo).port
  return {
    url: `${options.secure ? 'smtps' : 'smtp'}://127.0.0.1:${bound}`,
    port: bound,
    messages,
    async next() {
      const index = given++
      const signal = AbortSignal.timeout(PATIENCE_MS)
      for (;;) {
        const message = messages[index]
        if (message) return message
        await arrival(arrivals, signal)
      }
    },
    [Symbol.asyncDispose]: () => new Promise<void>((finish) => server.close(() => finish())),
  }
}

function arrival(arrivals: EventTarget, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    arrivals.addEventListener('mail', () => resolve(), { once: true, signal })
    signal.addEventListener('abort', () => reject(new Error(`No mail came within ${PATIENCE_MS} ms`)), { once: true })
  })
}
