// The mail that lets a person sign in.

export interface LoginMailOptions {
  readonly token: string
  /** A page that signs in with the token, which it already holds. */
  readonly link?: string | undefined
  /** How long the token is valid. */
  readonly minutes: number
}

export interface LoginMail {
  readonly subject: string
  readonly text: string
  readonly html: string
}

const SUBJECT = 'Sign in to GOGGA'
// Lines of text stay short: a longer one makes the whole part quoted-printable, which nobody can read in a file.
const IGNORE = 'If you did not ask to sign in, you can ignore this email:\nnothing happens without the code.'
const PAGE = 'font-family:sans-serif;font-size:16px;line-height:1.5;color:#222'
const CODE = 'font-family:monospace;font-size:20px;word-break:break-all;background:#f2f2f2;padding:12px'

/** Plain English; the same words as text and as HTML, which loads nothing from anywhere. */
export function loginMail({ token, link, minutes }: LoginMailOptions): LoginMail {
  const limit = `It is valid for ${minutes} ${minutes === 1 ? 'minute' : 'minutes'} and works once.`
  const lead = 'Here is your code to sign in to GOGGA:'
  const paragraphs = [
    'Hello,',
    lead,
    token,
    limit,
    ...(link === undefined ? [] : [`Or open this link, which does the same:\n${link}`]),
    IGNORE,
    'The GOGGA team',
  ]
  const html = [
    '<p>Hello,</p>',
    `<p>${lead}</p>`,
    `<p style="${CODE}">${escapeHtml(token)}</p>`,
    `<p>${limit}</p>`,
    ...(link === undefined ? [] : [linkAsHtml(link)]),
    `<p>${IGNORE.replace('\n', ' ')}</p>`,
    '<p>The GOGGA team</p>',
  ]
  return {
    subject: SUBJECT,
    text: `${paragraphs.join('\n\n')}\n`,
    html: `<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>${SUBJECT}</title></head>
<body style="${PAGE}">\n${html.join('\n')}\n</body></html>\n`,
  }
}

function linkAsHtml(link: string): string {
  const escaped = escapeHtml(link)
  return `<p>Or open this link, which does the same:<br><a href="${escaped}">${escaped}</a></p>`
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (char) => ESCAPES[char] ?? char)
