/** The encodings that the audit sees through, as functions of a value. */
const base64 = (text: string) => Buffer.from(text).toString('base64')
const hex = (text: string) => Buffer.from(text).toString('hex')
const quotedPrintable = (text: string) =>
  [...Buffer.from(text)].map((byte) => `=${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('')
const fullWidth = (text: string) =>
  text.replace(/[!-~]/g, (char) => String.fromCharCode(char.charCodeAt(0) + 0xfee0)).replaceAll(' ', '\u3000')

export const encodings: Readonly<Record<string, (text: string) => string>> = {
  base64,
  'base64, URL-safe, without padding': (text) => Buffer.from(text).toString('base64url'),
  'base64 as a parameter': (text) => `token=${base64(text)}&x=1`,
  'base64 in a path': (text) => `/r/${base64(text)}/x`,
  'base64 after a prefix': (text) => `v1${base64(text)}`,
  'base64 over lines': (text) => base64(`and a text before it that is long ${text}`).replace(/.{20}/g, '$&\r\n'),
  'base64 over lines in JSON': (text) => JSON.stringify({ x: base64(`Zoë ${text}`).replace(/.{10}/g, '$&\n') }),
  'base64 of JSON in JSON': (text) => JSON.stringify({ body: base64(JSON.stringify({ contact: text })) }),
  'base64 of base64': (text) => base64(base64(text)),
  'base64 of percent-encoding': (text) => base64(encodeURIComponent(text)),
  'base64 of UTF-16': (text) => Buffer.from(text, 'utf16le').toString('base64'),
  hex,
  'hex in capitals': (text) => hex(text).toUpperCase(),
  'hex in pairs': (text) => hex(text).replace(/..(?=.)/g, '$& '),
  'hex as an escaped string': (text) => hex(text).replace(/../g, '\\x$&'),
  'hex as a list': (text) => hex(text).replace(/../g, '0x$&, '),
  'hex of base64': (text) => hex(base64(text)),
  'quoted-printable': quotedPrintable,
  'quoted-printable with a soft line break': (text) => `${text.slice(0, 4)}=\r\n${text.slice(4)}`,
  'an encoded word of a mail header': (text) => `=?utf-8?Q?${quotedPrintable(text)}?=`,
  'decimal character references': (text) => [...text].map((char) => `&#${char.codePointAt(0)};`).join(''),
  'hex character references': (text) => [...text].map((char) => `&#x${char.codePointAt(0)?.toString(16)};`).join(''),
  'full-width characters': fullWidth,
  'zero-width spaces': (text) => [...text].join('\u200b'),
  'JSON escapes': (text) =>
    `"${[...text].map((char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')}"`,
  'percent-encoding': (text) => [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join(''),
  'percent-encoding, twice': (text) => encodeURIComponent(encodeURIComponent(text)),
}
