// `smtp://user:password@host:587?requireTLS=true` → options. The library reads any option from the query of a URL, such
// as a logger that prints addresses; here only those that say how to connect are known.
import { z } from 'zod'
import { UsageError } from '../errors.ts'

export interface SmtpServer {
  readonly host: string
  /** The library's default (587, or 465 with `smtps`) where the URL names none. */
  readonly port?: number
  /** TLS from the first byte: `smtps:`. Otherwise STARTTLS where the server offers it. */
  readonly secure: boolean
  readonly requireTLS: boolean
  readonly ignoreTLS: boolean
  readonly tls: { readonly rejectUnauthorized: boolean; readonly servername?: string }
  /** What this machine calls itself to the server. */
  readonly name?: string
  readonly auth?: { readonly user: string; readonly pass: string }
}

const flag = z.enum(['true', 'false']).transform((word) => word === 'true')
const Query = z.strictObject({
  requireTLS: flag.default(false),
  ignoreTLS: flag.default(false),
  'tls.rejectUnauthorized': flag.default(true),
  'tls.servername': z.string().min(1).optional(),
  name: z
    .string()
    .regex(/^[\w.:[\]-]+$/)
    .optional(),
})
const HINT =
  'Write it as smtp://user:password@host:587 or smtps://…:465, special characters of user and password as %40; known options are ' +
  `${Object.keys(Query.shape).join(', ')}.`

/** Throws UsageError, which never repeats the URL: it may hold a password. */
export function parseSmtpUrl(text: string): SmtpServer {
  const url = URL.parse(text)
  const query = Query.safeParse(Object.fromEntries(url?.searchParams ?? []))
  if (!url || !/^smtps?:$/.test(url.protocol) || url.hostname === '')
    throw misfit('is not the address of an SMTP server')
  if (!query.success) throw misfit('has an option that is unknown or does not fit')
  const { requireTLS, ignoreTLS, name, 'tls.rejectUnauthorized': rejectUnauthorized, ...rest } = query.data
  const servername = rest['tls.servername']
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    ...(url.port && { port: Number(url.port) }),
    secure: url.protocol === 'smtps:',
    requireTLS,
    ignoreTLS,
    tls: { rejectUnauthorized, ...(servername !== undefined && { servername }) },
    ...(name !== undefined && { name }),
    ...((url.username || url.password) && { auth: { user: decode(url.username), pass: decode(url.password) } }),
  }
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    throw misfit('has a user or password with a "%" that is not written as %25')
  }
}

const misfit = (what: string) => new UsageError(`SMTP_URL ${what}`, { hint: HINT })
