// What the reports' pages share: one self-contained file without scripts, for the screen and for paper.

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}
/** For HTML and SVG, in text and in quoted attributes; characters that XML cannot hold become visible. */
export const escapeHtml = (text: string): string =>
  text
    .toWellFormed()
    .replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '')
    .replace(/[\p{Cc}\ufffe\uffff]/gu, (character) => ('\t\n\r'.includes(character) ? character : '\ufffd'))

const STYLE = `
body{font:15px/1.45 system-ui,"Liberation Sans",Arial,sans-serif;color:#1b2631;max-width:78rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.6rem;margin:0 0 .3rem}h2{font-size:1.15rem;margin:2rem 0 .3rem;border-bottom:1px solid #ccd1d9}
h3{font-size:1rem;margin:1.2rem 0 .3rem}p{margin:.3rem 0}
table{border-collapse:collapse;font-size:.82rem;margin:.5rem 0;width:100%}
th,td{border:1px solid #d5dbe1;padding:.2rem .4rem;text-align:left;vertical-align:top;overflow-wrap:break-word}
td.long{overflow-wrap:anywhere}td.number{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}
details dl{grid-template-columns:max-content 1fr max-content 1fr;font-size:.82rem}
dl.record{grid-template-columns:repeat(auto-fill,minmax(13rem,1fr));font-size:.82rem;margin:0;padding:.3rem 0;border-bottom:1px solid #d5dbe1}
dl.record .all{grid-column:1/-1}ul.short{columns:4 14rem;font-size:.82rem}
th{background:#eef1f4}dl{display:grid;grid-template-columns:max-content 1fr;gap:.1rem .8rem;margin:.4rem 0}
dt{color:#566573}dd{margin:0;overflow-wrap:anywhere}.quiet{color:#566573}
blockquote{border-left:4px solid #b9770e;margin:.6rem 0;padding:.2rem .8rem;background:#fdf6ea}
mark{background:#fff3a3;padding:0 .15rem}
pre{white-space:pre-wrap;overflow-wrap:anywhere;background:#eef1f4;padding:.4rem .6rem}
@media print{html{font-size:13px}body{margin:0;padding:0;max-width:none;font-size:1rem;print-color-adjust:exact;-webkit-print-color-adjust:exact}
tr,dl,blockquote{break-inside:avoid}h1,h2,h3,summary,thead{break-after:avoid}h2+p,dl{break-after:avoid}table+p{break-before:avoid}p{orphans:2;widows:2}a{color:inherit;text-decoration:none}}
@page{size:A4 landscape;margin:12mm 12mm 15mm}`

/** What stands below each printed page. */
export const footOf = (title: string): string =>
  `@page{@bottom-left{content:"${cssOf(title)}";font:9px Arial,sans-serif;color:#566573}` +
  '@bottom-right{content:"Page " counter(page) " of " counter(pages);font:9px Arial,sans-serif;color:#566573}}'

/** For a quoted string of CSS in HTML: anything but plain letters as its code point. */
const cssOf = (text: string): string =>
  text.toWellFormed().replace(/[^\w .,:-]/gu, (sign) => `\\${(sign.codePointAt(0) ?? 0).toString(16)} `)

/** `title` is escaped here. */
export const pageStart = (title: string, style = ''): string =>
  `<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">` +
  `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">` +
  `<title>${escapeHtml(title)}</title><style>${STYLE}${footOf(title)}${style}</style></head><body>\n<h1>${escapeHtml(title)}</h1>\n`

export const PAGE_END = '</body></html>\n'

/** Terms and what they are; both are escaped here. */
export const listOf = (entries: readonly (readonly [term: string, words: string])[]): string =>
  `<dl>${entries.map(([term, words]) => `<dt>${escapeHtml(term)}</dt><dd>${escapeHtml(words)}</dd>`).join('')}</dl>\n`

/** Of letters without a place to break: a cell with more of them may be broken anywhere. */
const LONG = /\S{36}/
/** `1,234`: stands to the right. */
const NUMBER = /^\d{1,3}(,\d{3})*$/

export const rowOf = (cells: readonly string[], tag: 'td' | 'th' = 'td'): string =>
  `<tr>${cells.map((cell) => `<${tag}${classOf(cell, tag)}>${escapeHtml(cell)}</${tag}>`).join('')}</tr>\n`

function classOf(cell: string, tag: string): string {
  if (tag === 'td' && NUMBER.test(cell)) return ' class="number"'
  return LONG.test(cell) ? ' class="long"' : ''
}

/** The beginning of a table, up to its rows. */
export const tableStart = (head: readonly string[]): string => `<table>\n<thead>${rowOf(head, 'th')}</thead>\n<tbody>`

export const tableOf = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  `${tableStart(head)}${rows.map((row) => rowOf(row)).join('')}</tbody></table>\n`

/** A row of more columns than stand beside each other: terms above their words; long ones take the whole width. */
export const recordOf = (cells: readonly (readonly [term: string, words: string])[]): string =>
  `<dl class="record">${cells
    .map(([term, words]) => {
      const start = words.length > 60 ? '<div class="all">' : '<div>'
      return `${start}<dt>${escapeHtml(term)}</dt><dd>${escapeHtml(words)}</dd></div>`
    })
    .join('')}</dl>\n`
