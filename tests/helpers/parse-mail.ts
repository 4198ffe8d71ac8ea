// Reads a mail as it went over the wire or lies in an .eml file: enough of MIME for what the application sends.

export interface ParsedMail {
  /** Unfolded, encoded words decoded; keys in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly text: string | undefined
  readonly html: string | undefined
}

export function parseMail(raw: string): ParsedMail {
  const { headers, body } = cut(raw)
  const parts = leaves(headers, body)
  const ofType = (type: string) => parts.find((part) => part.type === type)?.content
  return { headers, text: ofType('text/plain'), html: ofType('text/html') }
}

function cut(raw: string): { headers: Record<string, string>; body: string } {
  const end = raw.indexOf('\r\n\r\n')
  const lines = raw
    .slice(0, end)
    .replace(/\r\n[ \t]+/g, ' ')
    .split('\r\n')
  const entries = lines.map((line): [string, string] => {
    const colon = line.indexOf(':')
    return [line.slice(0, colon).toLowerCase(), decodeWords(line.slice(colon + 1).trim())]
  })
  return { headers: Object.fromEntries(entries), body: raw.slice(end + 4) }
}

function leaves(headers: Record<string, string>, body: string): { type: string; content: string }[] {
  const type = headers['content-type'] ?? 'text/plain'
  const boundary = /^multipart\/.*boundary="?([^";]+)"?/i.exec(type)?.[1]
  if (boundary === undefined) {
    return [
      { type: type.split(';')[0] ?? '', content: decodeBody(body, headers['content-transfer-encoding'] ?? '7bit') },
    ]
  }
  const inner = body.split(`--${boundary}`).slice(1, -1)
  return inner.flatMap((part) => {
    const { headers, body } = cut(part.replace(/^\r\n/, ''))
    return leaves(headers, body.replace(/\r\n$/, ''))
  })
}

function decodeBody(body: string, encoding: string): string {
  const bytes = () => {
    if (encoding === 'base64') return Buffer.from(body, 'base64')
    return encoding === 'quoted-printable' ? quoted(body.replace(/=\r\n/g, '')) : Buffer.from(body)
  }
  return bytes().toString().replace(/\r\n/g, '\n')
}

const decodeWords = (value: string): string =>
  value
    .replace(/(=\?[^?]+\?[QB]\?[^?]*\?=)\s+(?==\?)/gi, '$1')
    .replace(/=\?UTF-8\?([QB])\?([^?]*)\?=/gi, (_, kind: string, word: string) =>
      (kind.toUpperCase() === 'B' ? Buffer.from(word, 'base64') : quoted(word.replaceAll('_', ' '))).toString(),
    )

const quoted = (text: string): Buffer =>
  Buffer.from(
    text.replace(/=([0-9A-F]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  )
