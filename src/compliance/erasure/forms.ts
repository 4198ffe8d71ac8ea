// The forms in which a value may lie in a file, as bytes written one character each (latin1) and in lower case: whoever
// compares folds the file's bytes the same way, so that spellings which differ in case are found as well.

const bytesOf = (text: string): string => Buffer.from(text, 'utf8').toString('latin1').toLowerCase()

/** Plain, UTF-16 of both orders, percent-encoded, quoted-printable, JSON and HTML escapes of the `@`, hexadecimal, base64. */
export function formsOf(text: string): readonly string[] {
  const at = (mark: string): string => bytesOf(text.replaceAll('@', mark))
  const wide = Buffer.from(text, 'utf16le')
  return [
    ...new Set([
      bytesOf(text),
      wide.toString('latin1').toLowerCase(),
      Buffer.from(wide).swap16().toString('latin1').toLowerCase(),
      at('%40'),
      bytesOf(encodeURIComponent(text)),
      at('=40'),
      at('\\u0040'),
      at('&#64;'),
      Buffer.from(text, 'utf8').toString('hex'),
      ...[0, 1, 2].map((offset) => base64Of(text, offset)),
    ]),
  ]
}

/** The part of the encoding that says this text and nothing of what stands around it, where it begins at this offset. */
function base64Of(text: string, offset: number): string {
  const bytes = Buffer.concat([Buffer.alloc(offset), Buffer.from(text, 'utf8')])
  const whole = bytes.subarray(0, bytes.length - (bytes.length % 3)).toString('base64')
  return whole.slice(offset === 0 ? 0 : 4).toLowerCase()
}

export const plainForm = bytesOf
