// The report on A4.
import { buffer } from 'node:stream/consumers'
import { momentText } from '../moments.ts'
import { type Colour, FAINT, INK, Paper } from '../pdf/paper.ts'
import type { Finding, Severity } from './finding.ts'
import { type AuditReport, placeText, SECTION_TITLES, SEVERITIES } from './report.ts'
import { lookedText, secondsOf } from './report-text.ts'

const COLOURS: Readonly<Record<Severity, Colour>> = {
  high: '#b00020',
  medium: '#8a5000',
  low: '#4a5a00',
  info: '#224466',
}

export async function pdfOf(report: AuditReport): Promise<Buffer> {
  const paper = new Paper({
    title: 'Audit of personal information',
    foot: `Audit ${report.id}, ${momentText(report.startedAt)}`,
    madeAt: new Date(report.endedAt),
  })
  const done = buffer(paper.doc)
  head(paper, report)
  paper.heading('Findings')
  const said = report.findings.filter(({ severity }) => severity !== 'info')
  if (said.length === 0) paper.text('None.')
  for (const finding of said) findingLines(paper, finding)
  paper.heading('What was looked at')
  for (const section of report.sections) sectionLines(paper, section)
  const looked = report.findings.filter(({ severity }) => severity === 'info')
  if (looked.length > 0) paper.heading('What is to be known about it')
  for (const finding of looked) findingLines(paper, finding)
  versions(paper, report)
  paper.end()
  return await done
}

const sumsOf = (counts: Readonly<Record<Severity, number>>): string =>
  SEVERITIES.map((severity) => `${counts[severity].toLocaleString('en')} ${severity}`).join(', ')

function head(paper: Paper, report: AuditReport): void {
  const { id, cause, startedAt, endedAt, passed, counts } = report
  paper.text(`${passed ? 'Passed' : 'Did not pass'}: ${sumsOf(counts)}`, {
    ...{ font: 'bold', size: 12, gap: 3 },
    colour: passed ? COLOURS.info : COLOURS.high,
  })
  paper.text('It passes with nothing of high or medium severity.', { colour: FAINT, gap: 6 })
  paper.facts([
    { term: 'Under', words: 'Protection of Personal Information Act 4 of 2013 (POPIA), section 19' },
    { term: 'Audit', words: id },
    { term: 'Asked for by', words: cause },
    { term: 'From', words: momentText(startedAt) },
    { term: 'To', words: `${momentText(endedAt)}, ${secondsOf(report)} s` },
  ])
}

/** On one page, but for a message that is longer than a few lines. */
function findingLines(paper: Paper, { severity, place, code, message, count, next }: Finding): void {
  paper.keep(64)
  paper.text(`${severity.toUpperCase()}  ${placeText(place)}`, { font: 'bold', colour: COLOURS[severity] })
  paper.text(message, { colour: INK })
  paper.text(`Next: ${next}`, { colour: FAINT })
  paper.text(`${code}, count ${count.toLocaleString('en')}`, { size: 7.5, colour: FAINT, gap: 8 })
}

function sectionLines(paper: Paper, { section, looked, counts, tookMs }: AuditReport['sections'][number]): void {
  paper.keep(40)
  paper.text(SECTION_TITLES[section], { font: 'bold' })
  paper.text(lookedText(looked) || 'Nothing was counted.')
  paper.text(`${sumsOf(counts)}; ${(tookMs / 1_000).toFixed(1)} s`, { colour: FAINT, gap: 6 })
}

function versions(paper: Paper, { versions: { program, node, sqlite, migrations } }: AuditReport): void {
  paper.heading('Versions')
  paper.facts([
    { term: 'gogga-data', words: program },
    { term: 'Node.js', words: node },
    { term: 'SQLite', words: sqlite },
    ...Object.entries(migrations).map(([domain, names]) => ({ term: `${domain}.db`, words: names.join(', ') })),
  ])
}
