// Comma-separated values after RFC 4180, as the transaction history comes: fields in quotes may hold commas, line ends and
// doubled quotes.

/** Rows by the names of the first line; undefined where a quote is not closed or a row is shorter than the first line. */
export function parseCsv(text: string): Record<string, string>[] | undefined {
  const [head, ...rows] = splitRows(text) ?? []
  if (!head || rows.some((row) => row.length < head.length)) return undefined
  return rows.map((row) => Object.fromEntries(head.map((name, index) => [name, row[index] ?? ''])))
}

/** A field and what ends it; the last field of the text ends with nothing. */
const FIELD = /(?:"([^"]*(?:""[^"]*)*)"[^\S\r\n]*|([^",\r\n]*))(,|\r?\n|$)/y

function splitRows(text: string): string[][] | undefined {
  const rows: string[][] = [[]]
  FIELD.lastIndex = 0
  for (;;) {
    const [whole, quoted, plain = '', end] = FIELD.exec(text) ?? []
    if (whole === undefined) return undefined
    rows.at(-1)?.push(quoted === undefined ? plain.trim() : quoted.replaceAll('""', '"'))
    if (end === '') return rows.filter((row) => row.length > 1 || row[0] !== '')
    if (end !== ',') rows.push([])
  }
}
