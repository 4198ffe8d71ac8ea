// What a PDF says, read as a viewer's search reads it: glyphs of the pages' streams through the fonts' ToUnicode maps.
import { inflateSync } from 'node:zlib'

/** Text of each page, a line for each piece that was drawn. Throws where a glyph means nothing or a font is not embedded. */
export function pagesOf(pdf: Buffer): readonly string[] {
  const objects = objectsIn(pdf)
  const fonts = new Map<string, readonly string[]>()
  for (const { head } of objects.values())
    for (const [, name = '', id = ''] of head.matchAll(/\/(F\d+) (\d+) 0 R/g))
      if (!fonts.has(name)) fonts.set(name, meaningsOf(objects, id))
  return [...objects.values()]
    .filter(({ head }) => /\/Type \/Page\b/.test(head))
    .map(({ head }) => textOf(objects.get(/\/Contents (\d+) 0 R/.exec(head)?.[1] ?? '')?.stream ?? '', fonts))
}

interface PdfObject {
  readonly head: string
  readonly stream: string
}

function objectsIn(pdf: Buffer): ReadonlyMap<string, PdfObject> {
  const objects = new Map<string, PdfObject>()
  const text = pdf.toString('latin1')
  for (const match of text.matchAll(/(?<=^|\n)(\d+) 0 obj\n(<<.*?>>)\n(stream\n|endobj)/gs)) {
    const [whole, id = '', head = '', next = ''] = match
    const start = match.index + whole.length
    const bytes = pdf.subarray(start, start + Number(/\/Length (\d+)/.exec(head)?.[1] ?? 0))
    const isText = next.startsWith('stream') && !head.includes('/Length1')
    const stream = isText && head.includes('FlateDecode') ? inflateSync(bytes).toString('latin1') : ''
    objects.set(id, { head, stream })
  }
  return objects
}

/** By glyph. */
function meaningsOf(objects: ReadonlyMap<string, PdfObject>, id: string): readonly string[] {
  const [, map] = /\/ToUnicode (\d+) 0 R/.exec(objects.get(id)?.head ?? '') ?? []
  if (map === undefined) throw new Error(`Expected font ${id} to say what its glyphs mean`)
  const ranges = (objects.get(map)?.stream ?? '').matchAll(/<[0-9a-f]{4}> <[0-9a-f]{4}> \[([^\]]*)\]/g)
  return [...ranges].flatMap(([, entries = '']) => (entries.match(/<[^>]*>/g) ?? []).map(lettersOf))
}

const lettersOf = (entry: string): string =>
  String.fromCharCode(...(entry.match(/[0-9a-f]{4}/g) ?? []).map((unit) => Number.parseInt(unit, 16)))

function textOf(content: string, fonts: ReadonlyMap<string, readonly string[]>): string {
  let meanings: readonly string[] = []
  const lines: string[] = []
  for (const [token, font] of content.matchAll(/\/(F\d+) [\d.]+ Tf|<[0-9a-f]+> Tj|\[[^\]]*\] TJ/g)) {
    if (font !== undefined) meanings = fonts.get(font) ?? []
    else lines.push((token.match(/[0-9a-f]{4}/g) ?? []).map((glyph) => meaningOf(meanings, glyph)).join(''))
  }
  return lines.join('\n')
}

function meaningOf(meanings: readonly string[], glyph: string): string {
  const meaning = meanings[Number.parseInt(glyph, 16)]
  if (meaning === undefined || glyph === '0000') throw new Error(`Expected a letter, got glyph ${glyph}`)
  return meaning
}
