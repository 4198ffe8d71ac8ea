import { buffer } from 'node:stream/consumers'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { momentText } from '../../../src/compliance/moments.ts'
import { inVisualOrder, visible } from '../../../src/compliance/pdf/letters.ts'
import { Paper } from '../../../src/compliance/pdf/paper.ts'
import { pagesOf } from '../../helpers/pdf-text.ts'

const NAMES = 'Vho-Ṱhilidzi ḽa Ṅwana Ṋemukula ḓivha š ê ŵ Ž – “€” Ж Ω'

async function printed(write: (paper: Paper) => void): Promise<readonly string[]> {
  const paper = new Paper({ title: 'Title', foot: `Foot of ${NAMES}`, madeAt: new Date(0) })
  const done = buffer(paper.doc)
  write(paper)
  paper.end()
  return pagesOf(await done)
}

describe('letters', () => {
  it('of all languages of the country and most others are drawn', async () => {
    const [page = ''] = await printed((paper) => {
      paper.text(NAMES)
      paper.heading(NAMES)
      paper.facts([{ term: NAMES.slice(0, 12), words: NAMES }])
      paper.record([{ term: 'note', words: NAMES }])
    })
    expect(page.split(NAMES)).toHaveLength(6)
    expect(page).not.toContain('[U+')
  })

  it('that no font has, or that nobody would see, stand as their code points', async () => {
    const [page] = await printed((paper) =>
      paper.text('中 \u{1F98A} \u200b \u202e \u0007 \ue000 \ud800 a\u00a0b\tc\r\nnext'),
    )
    expect(page).toContain('[U+4E2D] [U+1F98A] [U+200B] [U+202E] [U+0007] [U+E000] [U+D800] a b    c\nnext')
  })

  it('never vanish', () =>
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (text) => {
        const shown = visible(text, (letter) => /^[\p{L}\p{P}]$/u.test(letter))
        const plain = text.replace(/\r\n?/g, '\n').replaceAll('\t', '    ')
        const back = shown.replace(/\[U\+([0-9A-F]{4,6})\]/g, (_, code: string) =>
          String.fromCodePoint(Number.parseInt(code, 16)),
        )
        expect(back.replace(/\p{Zs}/gu, ' ')).toBe(plain.replace(/\p{Zs}/gu, ' '))
      }),
    ))

  it('from right to left stand in the order in which they are read, numbers in theirs', () => {
    expect(inVisualOrder('a שלום עולם b').join('')).toBe('a עולם שלום b')
    expect(inVisualOrder('שלום 123-45 עולם (7)').join('')).toBe('עולם 123-45 שלום (7)')
    expect(inVisualOrder('مرحبا x عالم')).toEqual(['مرحبا', ' x ', 'عالم'])
  })

  it('that join each other are drawn joined, and can be searched for', async () => {
    const [page = ''] = await printed((paper) => paper.text('name: مرحبا, שלום, e\u0301'))
    expect(page).toContain([...'שלום'].reverse().join(''))
    expect(page).toMatch(/[\u0300-\u036f]|\u00e9/)
    expect(page).not.toContain('[U+')
  })
})

describe('pages', () => {
  it('have their number and what they belong to, and lose no line', async () => {
    const lines = Array.from({ length: 200 }, (_, at) => `line ${at}.`)
    const pages = await printed((paper) => {
      for (const line of lines) paper.text(line)
    })
    expect(pages.length).toBeGreaterThan(2)
    pages.forEach((page, at) => {
      expect(page).toContain(`Page ${at + 1}`)
      expect(page).toContain(`Foot of ${NAMES}`)
    })
    expect(pages.join('\n').match(/line \d+\./g)).toEqual(lines)
  })

  it('break neither a record that fits, nor lose a letter of one that does not', async () => {
    const short = Array.from({ length: 120 }, (_, at) => [
      { term: 'first', words: `<${at}` },
      { term: 'note', words: `${'word '.repeat(60)}${at}>` },
    ])
    const long = 'x'.repeat(30_000)
    const pages = await printed((paper) => {
      for (const cells of short) paper.record(cells)
      paper.record([{ term: 'long', words: long }])
    })
    for (const page of pages) expect(page.match(/<\d+/g)?.length).toBe(page.match(/\d+>/g)?.length)
    expect(pages.join('').match(/x/g)).toHaveLength(long.length)
  })
})

it('times say their zone', () => {
  expect(momentText('2026-11-23T22:45:06.123Z')).toBe('2026-11-24 00:45:06 SAST (UTC+02:00)')
})
