// The first page of an evidence pack: what is in it, what it shows, failures first, and how to check it without us.
import { escapeHtml, listOf, PAGE_END, pageStart, tableOf } from '../html.ts'
import { momentText } from '../moments.ts'
import type { EvidenceFile } from './gather.ts'
import type { Month } from './month.ts'
import type { Outcome, Result } from './results.ts'

export interface About {
  readonly month: Month
  readonly now: Date
  /** Null: nobody signed. */
  readonly keyId: string | null
}

/** Also in docs/compliance.md, word for word (a test compares them). `ZIP` stands for the archive. */
export const CHECKS: readonly (readonly [what: string, command: string])[] = [
  [
    'Nothing may be printed: a name that is in the archive twice would be unpacked once.',
    'unzip -Z1 ZIP | sort | uniq -d',
  ],
  [
    'Unpack it into a new folder, with the key that you were given before beside that folder.',
    'unzip -q ZIP -d evidence && cd evidence',
  ],
  [
    'It must print "Verified Successfully": the list of sums is the one that was signed.',
    'openssl pkeyutl -verify -rawin -pubin -inkey ../gogga.pem -in SHA256SUMS -sigfile SHA256SUMS.sig',
  ],
  ['It must print "OK" for each file: every file of the list is as it was signed.', 'sha256sum -c SHA256SUMS'],
  [
    'It must print MANIFEST.sig, SHA256SUMS and SHA256SUMS.sig, and nothing else: sha256sum takes no notice of files that the list does not name.',
    '(find . -type f | cut -c3-; cut -c67- SHA256SUMS) | sort | uniq -u',
  ],
  [
    'It must print "Verified Successfully" for each audit: its report is the one that was signed when it was made.',
    'openssl pkeyutl -verify -rawin -pubin -inkey ../gogga.pem -in audits/ID.json -sigfile audits/ID.sig',
  ],
]

export function indexPage(files: readonly EvidenceFile[], results: readonly Result[], about: About): string {
  const { month, now, keyId } = about
  return [
    pageStart(`Evidence for ${month.name}`),
    listOf([
      ['Month', `${month.name}, in UTC: from ${dayOf(month.from)} until before ${dayOf(month.to)}`],
      ['Made at', momentText(now.toISOString())],
      ['Signed by', keyId ?? 'nobody: no key was configured'],
    ]),
    month.isPartial ? '<blockquote>Partial: the month was not over when this was made.</blockquote>\n' : '',
    '<h2>What it shows</h2>\n',
    `<p>${escapeHtml(summaryOf(results))}</p>\n`,
    tableOf(
      ['', 'what', 'where'],
      results.map(({ outcome, text, file }) => [WORDS[outcome], text, file]),
    ),
    '<h2>Files</h2>\n<table>\n<thead><tr><th>file</th><th>bytes</th><th>what it is about</th></tr></thead>\n<tbody>',
    ...files.map(rowFor),
    '</tbody></table>\n<h2>How to check it</h2>\n',
    '<p>Use the public key that you were given before (here gogga.pem), not the one in this archive: whoever forges an archive puts a key of their own into it.</p>\n',
    ...CHECKS.map(([what, command]) => `<h3>${escapeHtml(what)}</h3>\n<pre>${escapeHtml(command)}</pre>\n`),
    `<p>${escapeHtml(LIMITS)} See docs/compliance.md of the program.</p>\n`,
    PAGE_END,
  ].join('')
}

export const WORDS: Readonly<Record<Outcome, string>> = { failure: 'FAILED', gap: 'missing', passed: 'passed' }

export function summaryOf(results: readonly Result[]): string {
  const count = (outcome: Outcome) => results.filter((one) => one.outcome === outcome).length
  return `Failed: ${count('failure')}. Missing: ${count('gap')}. Passed: ${count('passed')}.`
}

/** Also in docs/compliance.md, word for word. */
export const LIMITS =
  'None of this proves that a file was complete before the first head that you keep yourself. Receipts of erasures and attempts are in no chain, and audits only in one of their own: the newest that was removed shows only as a day without an audit, a receipt where another file still says that a person was erased, and an attempt not at all.'

const rowFor = ({ name, bytes, about }: EvidenceFile): string =>
  `<tr><td><a href="${escapeHtml(name)}">${escapeHtml(name)}</a></td><td class="number">${bytes.length.toLocaleString('en')}</td><td>${escapeHtml(about)}</td></tr>\n`

const dayOf = (time: Date): string => time.toISOString().slice(0, 10)
