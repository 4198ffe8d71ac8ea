// Sign-in begins in identity.db; a first one goes on to billing.db, where the new user gets a FREE subscription.
import { UnauthorizedError } from '../errors.ts'
import { emailKey } from '../identity/emails.ts'
import { exchangeLoginToken, isLoginTokenKept, issueLoginToken, LOGIN_TOKEN_LIFE_MS } from '../identity/login-tokens.ts'
import { endSession } from '../identity/sessions.ts'
import { loginMail } from '../mail/login-mail.ts'
import type { Mailer } from '../mail/mailer.ts'
import type { Answer } from './changes.ts'
import type { Asked } from './requests.ts'
import type { Sagas } from './sagas.ts'

const MINUTES = LOGIN_TOKEN_LIFE_MS / 60_000

export interface LoginRequest {
  readonly email: string
  readonly ip: string
  /** The page that signs in, with `{token}` where the token goes. */
  readonly page?: string | undefined
}

/**
 * Sends a login token. Says the same, by the same way, for every email. The answer is kept after the mail was sent: a
 * repeat of a request that failed in between sends another. Throws UnavailableError where the mail cannot be sent.
 */
export function requestLogin(
  { changes, files, ...sources }: Sagas,
  mailer: Mailer,
  { email, ip, page }: LoginRequest,
  asked: Asked,
): Promise<Answer<{ sent: true; minutes: number }>> {
  return changes.begin(
    'identity',
    { ...asked, scope: emailKey(email) },
    {
      async prepare() {
        const { token } = await files.identity.change((tx) => issueLoginToken(tx, { email, ip }, sources))
        const link = page?.replaceAll('{token}', encodeURIComponent(token))
        const isWanted = () => isLoginTokenKept(files.identity.rows, token)
        await mailer.send({ to: email.trim(), ...loginMail({ token, link, minutes: MINUTES }), isWanted })
      },
      write: () => ({ data: { sent: true as const, minutes: MINUTES } }),
    },
  )
}

export interface SignedIn {
  /** The session's, for the header `Authorization: Bearer`. */
  readonly token: string
  readonly expiresAt: string
  readonly userId: string
  readonly isNew: boolean
}

/** Exchanges a login token for a session. Throws UnauthorizedError, which leaves its row in the log. */
export function signIn(
  { changes }: Sagas,
  { token, ip }: { readonly token: string; readonly ip: string },
  asked: Asked,
): Promise<Answer<SignedIn>> {
  return changes.begin(
    'identity',
    { ...asked, secret: true },
    {
      write(tx, begin) {
        const signedIn = exchangeLoginToken(tx, { token, ip }, begin)
        if (signedIn.outcome === 'refused') return { refusal: refused() }
        const { user, isNew, session } = signedIn
        const userId = user.id
        if (isNew) begin.post({ type: 'user-created', what: userId, subjectId: userId, payload: { userId } })
        const data = { token: session.token, expiresAt: session.expiresAt.toISOString(), userId, isNew }
        return { status: 201, data }
      },
    },
  )
}

export async function signOut(
  { files, ...sources }: Sagas,
  session: { readonly sessionId: string; readonly ip: string },
): Promise<void> {
  await files.identity.change((tx) => endSession(tx, session, sources))
}

/** Which of them it was is in the log, not in the answer. */
const refused = () =>
  new UnauthorizedError('The login token is not valid: it is unknown, used or expired', {
    hint: `Ask for a new one; it works once, for ${MINUTES} minutes.`,
  })
