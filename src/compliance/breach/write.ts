// Blocks as Markdown and as a page.
import { escapeHtml, PAGE_END, pageStart, rowOf } from '../html.ts'
import type { Block } from './report.ts'

const MARKUP = /[\\`*_<>|#&]|\[(?!FILL IN: )/g
const BLANK = /\[FILL IN: [^\]]*\]/g

const plain = (text: string): string => text.replace(/\s+/g, ' ').replace(MARKUP, (sign) => `\\${sign}`)
const marked = (text: string): string => plain(text).replace(BLANK, (blank) => `**${blank}**`)

export const markdownOf = (blocks: readonly Block[]): string => [...markdownParts(blocks)].join('')
export const htmlOf = (blocks: readonly Block[]): string => [...htmlParts(blocks)].join('')

/** A line at a time: lists may name a million people. */
export function* markdownParts(blocks: readonly Block[]): Generator<string> {
  for (const [at, block] of blocks.entries()) {
    if (at > 0) yield '\n'
    if (block.kind === 'list') for (const item of block.items) yield `- ${plain(item)}\n`
    else if (block.kind === 'table') yield* tableIn(block)
    else yield `${markdown(block)}\n`
  }
}

function markdown(block: Exclude<Block, { kind: 'list' | 'table' }>): string {
  if (block.kind === 'title') return `# ${plain(block.text)}`
  if (block.kind === 'heading') return `## ${plain(block.text)}`
  return block.kind === 'draft' ? `> ${marked(block.text)}` : marked(block.text)
}

function* tableIn({ head, rows }: Extract<Block, { kind: 'table' }>): Generator<string> {
  const line = (cells: readonly string[]) => `| ${cells.map(plain).join(' | ')} |\n`
  yield line(head)
  yield `|${head.map(() => '---').join('|')}|\n`
  for (const row of rows) yield line(row)
}

export function* htmlParts(blocks: readonly Block[]): Generator<string> {
  const [title] = blocks
  yield pageStart(title?.kind === 'title' ? title.text : 'Breach pack')
  for (const block of blocks.slice(1)) {
    if (block.kind === 'list') {
      yield `\n<ul${block.items.every(isId) ? ' class="short"' : ''}>`
      for (const item of block.items) yield `<li>${escapeHtml(item)}</li>`
      yield '</ul>'
    } else if (block.kind === 'table') {
      yield `\n<table>\n<thead>${rowOf(block.head, 'th')}</thead>\n<tbody>`
      for (const row of block.rows) yield rowOf(row)
      yield '</tbody></table>'
    } else yield `\n${html(block)}`
  }
  yield `\n${PAGE_END}`
}

/** Those stand in columns. */
const isId = (item: string): boolean => !item.includes(' ')

function html(block: Exclude<Block, { kind: 'list' | 'table' }>): string {
  if (block.kind === 'title' || block.kind === 'heading') return `<h2>${escapeHtml(block.text)}</h2>`
  const words = escapeHtml(block.text).replace(BLANK, (blank) => `<mark>${blank}</mark>`)
  return block.kind === 'draft' ? `<blockquote>${words}</blockquote>` : `<p>${words}</p>`
}
