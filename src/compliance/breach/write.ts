// Blocks as Markdown and as a page.
import { escapeHtml, PAGE_END, pageStart, tableOf } from '../html.ts'
import type { Block } from './report.ts'

const MARKUP = /[\\`*_<>|#&]|\[(?!FILL IN: )/g
const BLANK = /\[FILL IN: [^\]]*\]/g

const plain = (text: string): string => text.replace(/\s+/g, ' ').replace(MARKUP, (sign) => `\\${sign}`)
const marked = (text: string): string => plain(text).replace(BLANK, (blank) => `**${blank}**`)

export const markdownOf = (blocks: readonly Block[]): string => `${blocks.map(markdown).join('\n\n')}\n`

function markdown(block: Block): string {
  if (block.kind === 'table') return tableIn(block)
  if (block.kind === 'title') return `# ${plain(block.text)}`
  if (block.kind === 'heading') return `## ${plain(block.text)}`
  if (block.kind === 'draft') return `> ${marked(block.text)}`
  if (block.kind === 'list') return block.items.map((item) => `- ${plain(item)}`).join('\n')
  return marked(block.text)
}

function tableIn({ head, rows }: Extract<Block, { kind: 'table' }>): string {
  const line = (cells: readonly string[]) => `| ${cells.map(plain).join(' | ')} |`
  return [line(head), `|${head.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n')
}

export function htmlOf(blocks: readonly Block[]): string {
  const [title] = blocks
  const start = pageStart(title?.kind === 'title' ? title.text : 'Breach pack')
  return [start, ...blocks.slice(1).map(html), PAGE_END].join('\n')
}

function html(block: Block): string {
  if (block.kind === 'table') return tableOf(block.head, block.rows)
  if (block.kind === 'title' || block.kind === 'heading') return `<h2>${escapeHtml(block.text)}</h2>`
  if (block.kind === 'list')
    return `<ul class="short">${block.items.map((item) => `<li>${escapeHtml(item)}</li>`).join('')}</ul>`
  const words = escapeHtml(block.text).replace(BLANK, (blank) => `<mark>${blank}</mark>`)
  return block.kind === 'draft' ? `<blockquote>${words}</blockquote>` : `<p>${words}</p>`
}
