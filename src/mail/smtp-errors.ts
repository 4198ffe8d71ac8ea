// Failures of SMTP in the words of the family. Servers repeat the recipient in their replies, and the library puts the
// replies into its messages, properties and stacks: so only codes go on, and the library's error is not the cause.
import { UnavailableError } from '../errors.ts'

const RETRY_SECONDS = 30
const CONNECTING = 'Repeat it; where it stays so, check SMTP_URL and that the server runs.'

interface Meaning {
  readonly what: string
  readonly hint: string
}

const UNREACHABLE: Meaning = { what: 'cannot be reached or closed the connection', hint: CONNECTING }
const SILENT: Meaning = { what: 'did not answer in time', hint: CONNECTING }
const UNTRUSTED: Meaning = {
  what: 'gave no TLS connection that can be trusted',
  hint: 'Check its certificate and the TLS options in SMTP_URL.',
}
const REFUSED_LOGIN: Meaning = {
  what: 'refused the sign-in of this application',
  hint: 'Check user and password in SMTP_URL.',
}
const MEANINGS: Readonly<Record<string, Meaning>> = {
  ETIMEDOUT: SILENT,
  EABORT: SILENT,
  ETLS: UNTRUSTED,
  EREQUIRETLS: UNTRUSTED,
  EAUTH: REFUSED_LOGIN,
  ENOAUTH: REFUSED_LOGIN,
  EENVELOPE: {
    what: 'refused the sender or the recipient',
    hint: 'Check the address, and that the server lets this sender send.',
  },
  EMESSAGE: { what: 'refused the message', hint: 'Repeat it; where it stays so, see the log of the server for why.' },
}

/** `server` is host and port, for the cause alone. */
export function smtpError(error: unknown, server: string): UnavailableError {
  const failure = codesOf(error)
  const { what, hint } = MEANINGS[failure.code] ?? UNREACHABLE
  const { code, originalCode, command, responseCode } = failure
  const words = [code, originalCode, command && `at ${command}`, responseCode].filter(Boolean).join(' ')
  const cause = new Error(`SMTP server ${server}: ${words || 'no code'}`)
  return new UnavailableError(`The mail server ${what}: the mail was not sent`, {
    cause,
    hint,
    retryAfter: RETRY_SECONDS,
  })
}

function codesOf(error: unknown) {
  const found = error instanceof Error ? (error as unknown as Record<string, unknown>) : {}
  const word = (name: string) => /^[A-Z][A-Z0-9_ ]{1,40}$/.exec(String(found[name] ?? ''))?.[0] ?? ''
  const reply = Number(found.responseCode)
  return {
    code: word('code'),
    originalCode: word('originalCode'),
    command: word('command'),
    responseCode: reply >= 100 && reply <= 999 ? reply : undefined,
  }
}
