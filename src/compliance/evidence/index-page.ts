// The first page of an evidence pack: what is in it, what each file proves, and how to check it without us.
import { escapeHtml, listOf, PAGE_END, pageStart } from '../html.ts'
import { momentText } from '../moments.ts'
import type { EvidenceFile } from './gather.ts'
import type { Month } from './month.ts'

export interface About {
  readonly month: Month
  readonly now: Date
  /** Null: nobody signed. */
  readonly keyId: string | null
}

const CHECKS: readonly (readonly [what: string, command: string])[] = [
  ['Every file is as the list says', 'sha256sum -c SHA256SUMS'],
  [
    'The list is the one that was signed',
    'openssl pkeyutl -verify -rawin -pubin -inkey gogga.pem -in MANIFEST.json -sigfile MANIFEST.sig',
  ],
  [
    'An audit is the one that was signed',
    'openssl pkeyutl -verify -rawin -pubin -inkey gogga.pem -in audits/ID.json -sigfile audits/ID.sig',
  ],
]

export function indexPage(files: readonly EvidenceFile[], about: About): string {
  const { month, now, keyId } = about
  return [
    pageStart(`Evidence for ${month.name}`),
    listOf([
      ['Month', `${month.name}, in UTC: from ${dayOf(month.from)} until before ${dayOf(month.to)}`],
      ['Made at', momentText(now.toISOString())],
      ['Signed by', keyId ?? 'nobody: no key was configured'],
    ]),
    month.isPartial ? '<blockquote>Partial: the month was not over when this was made.</blockquote>\n' : '',
    '<h2>Files</h2>\n<table>\n<thead><tr><th>file</th><th>bytes</th><th>what it proves</th></tr></thead>\n<tbody>',
    ...files.map(rowFor),
    '</tbody></table>\n<h2>How to check it</h2>\n',
    '<p>Use the public key that you were given before (here gogga.pem), not the one in this archive: whoever forges an archive puts a key of their own into it.</p>\n',
    ...CHECKS.map(([what, command]) => `<h3>${escapeHtml(what)}</h3>\n<pre>${escapeHtml(command)}</pre>\n`),
    '<p>What none of this proves: that a file was complete before the first head that you keep yourself. See docs/compliance.md of the program.</p>\n',
    PAGE_END,
  ].join('')
}

const dayOf = (time: Date): string => time.toISOString().slice(0, 10)

const rowFor = ({ name, bytes, proves }: EvidenceFile): string =>
  `<tr><td><a href="${escapeHtml(name)}">${escapeHtml(name)}</a></td><td class="number">${bytes.length.toLocaleString('en')}</td><td>${escapeHtml(proves)}</td></tr>\n`
