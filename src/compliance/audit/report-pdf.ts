// The report on A4, by the fonts that every reader of PDF has.
import { buffer } from 'node:stream/consumers'
import PDFDocument from 'pdfkit'
import type { Finding } from './finding.ts'
import { type AuditReport, placeText, SECTION_TITLES, SEVERITIES } from './report.ts'
import { lookedText, secondsOf } from './report-text.ts'

const MARGIN = 50
const COLOURS = { high: '#b00020', medium: '#9a5b00', low: '#4a5a00', info: '#224466' } as const
const FAINT = '#555555'

export async function pdfOf(report: AuditReport): Promise<Buffer> {
  const document = new PDFDocument({
    ...{ size: 'A4', margin: MARGIN, lang: 'en', displayTitle: true },
    info: { Title: `Audit ${report.id}`, Producer: 'gogga-data', CreationDate: new Date(report.endedAt) },
  })
  const done = buffer(document)
  head(document, report)
  title(document, 'Findings')
  const said = report.findings.filter(({ severity }) => severity !== 'info')
  if (said.length === 0) plain(document, 'None.')
  for (const finding of said) findingLines(document, finding)
  title(document, 'What was looked at')
  for (const { section, looked, counts, tookMs } of report.sections) {
    const sums = SEVERITIES.map((severity) => `${counts[severity]} ${severity}`).join(', ')
    strong(document, SECTION_TITLES[section])
    plain(document, `${lookedText(looked)}; ${sums}; ${(tookMs / 1_000).toFixed(1)} s`)
  }
  for (const finding of report.findings.filter(({ severity }) => severity === 'info')) findingLines(document, finding)
  title(document, 'Versions')
  const { program, node, sqlite, migrations } = report.versions
  plain(document, `gogga-data ${program}, Node.js ${node}, SQLite ${sqlite}`)
  for (const [domain, names] of Object.entries(migrations)) plain(document, `${domain}.db: ${names.join(', ')}`)
  document.end()
  return await done
}

type Document = InstanceType<typeof PDFDocument>

function head(document: Document, report: AuditReport): void {
  const { id, cause, startedAt, endedAt, passed, counts } = report
  const sums = SEVERITIES.map((severity) => `${counts[severity]} ${severity}`).join(', ')
  document.font('Helvetica-Bold').fontSize(18).text('Audit of personal information')
  document.font('Helvetica').fontSize(9).fillColor(FAINT)
  document.text(latin(`POPIA section 19. Audit ${id}, asked for by ${cause},`))
  document.text(latin(`${startedAt} to ${endedAt} (${secondsOf(report)} s)`)).moveDown()
  document
    .font('Helvetica-Bold')
    .fontSize(12)
    .fillColor(passed ? COLOURS.info : COLOURS.high)
  document.text(`${passed ? 'Passed' : 'Did not pass'}: ${sums}`)
  document.font('Helvetica').fontSize(9).fillColor(FAINT)
  document.text('It passes with nothing of high or medium severity.')
}

function title(document: Document, text: string): void {
  document.moveDown().font('Helvetica-Bold').fontSize(13).fillColor('black').text(text).moveDown(0.3)
}

function findingLines(document: Document, { severity, place, code, message, count, next }: Finding): void {
  document.font('Helvetica-Bold').fontSize(9).fillColor(COLOURS[severity])
  document.text(latin(`${severity}  ${placeText(place)}  ${code}  (${count})`))
  plain(document, message)
  document.fillColor(FAINT).text(latin(next)).moveDown(0.5)
}

const strong = (document: Document, text: string): void =>
  void document.font('Helvetica-Bold').fontSize(9).fillColor('black').text(latin(text))

const plain = (document: Document, text: string): void =>
  void document.font('Helvetica').fontSize(9).fillColor('black').text(latin(text))

/** What these fonts can show; anything else would come out as another letter. */
const latin = (text: string): string => text.replace(/[^\x20-\x7e\xa0-\xff]/g, '?')
