// Just enough of the language to tell code from comments, and both from the texts in quotes.

export interface Source {
  /** Without comments, and with `''` for each text. */
  readonly code: string
  /** Strings and templates, in order; what a template puts in is `?`. */
  readonly texts: readonly string[]
}

/** A `/` after one of these begins a regular expression, elsewhere it divides. */
const BEFORE_REGEX = /(?:^|[(,=:[!&|?{};+\n>]|\breturn|\btypeof|\bcase)\s*$/

interface Reading {
  readonly source: string
  at: number
  code: string
  readonly texts: string[]
}

export function literalsOf(source: string): Source {
  const reading: Reading = { source, at: 0, code: '', texts: [] }
  readCode(reading, undefined)
  return { code: reading.code, texts: reading.texts }
}

/** Up to the end, or to the brace that closes what a template puts in. */
function readCode(reading: Reading, end: '}' | undefined): void {
  for (let depth = 0; reading.at < reading.source.length; ) {
    if (readOther(reading)) continue
    const char = reading.source[reading.at] ?? ''
    if (char === '{') depth += 1
    if (char === '}' && depth-- === 0 && end) return
    reading.code += char
    reading.at += 1
  }
}

/** Whether a comment or a text began here, and was read. */
function readOther(reading: Reading): boolean {
  const { source, at, code } = reading
  const char = source[at] ?? ''
  if (source.startsWith('//', at)) skipTo(reading, '\n', 0)
  else if (source.startsWith('/*', at)) skipTo(reading, '*/', 2)
  else if (char === "'" || char === '"') readString(reading, char)
  else if (char === '`') readTemplate(reading)
  else if (char === '/' && BEFORE_REGEX.test(code.slice(-40))) readRegex(reading)
  else return false
  return true
}

function skipTo(reading: Reading, end: string, more: number): void {
  const found = reading.source.indexOf(end, reading.at + 2)
  reading.at = found === -1 ? reading.source.length : found + more
}

function readString(reading: Reading, quote: string): void {
  let text = ''
  for (reading.at += 1; reading.at < reading.source.length; reading.at += 1) {
    const char = reading.source[reading.at] ?? ''
    if (char === quote || char === '\n') break
    if (char === '\\') reading.at += 1
    text += char === '\\' ? ` ${reading.source[reading.at] ?? ''}` : char
  }
  reading.at += 1
  reading.code += `''`
  reading.texts.push(text)
}

function readTemplate(reading: Reading): void {
  let text = ''
  for (reading.at += 1; reading.at < reading.source.length; ) {
    const char = reading.source[reading.at] ?? ''
    if (char === '`') break
    if (char === '$' && reading.source[reading.at + 1] === '{') {
      reading.at += 2
      text += '?'
      readCode(reading, '}')
    } else text += char
    reading.at += char === '\\' ? 2 : 1
  }
  reading.at += 1
  reading.code += `''`
  reading.texts.push(text)
}

function readRegex(reading: Reading): void {
  let inClass = false
  for (reading.at += 1; reading.at < reading.source.length; reading.at += 1) {
    const char = reading.source[reading.at]
    if (char === '\n' || (char === '/' && !inClass)) break
    if (char === '\\') reading.at += 1
    else if (char === '[') inClass = true
    else if (char === ']') inClass = false
  }
  reading.at += 1
  reading.code += `''`
}
