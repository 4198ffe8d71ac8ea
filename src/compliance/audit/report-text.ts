// The report for a terminal.
import { type AuditReport, placeText, SEVERITIES, type SectionReport } from './report.ts'

export function textOf(report: AuditReport, { quiet = false }: { readonly quiet?: boolean } = {}): string {
  const shown = report.findings.filter(({ severity }) => !quiet || severity !== 'info')
  const findings = shown.map(
    ({ severity, place, code, message, next }) =>
      `${severity.padEnd(6)}  ${placeText(place)}  ${code}: ${message}\n        ${next}\n`,
  )
  const sums = SEVERITIES.map((severity) => `${report.counts[severity]} ${severity}`).join(', ')
  const verdict = report.passed ? 'passed' : 'DID NOT PASS'
  const last = `Audit ${report.id} ${verdict} in ${secondsOf(report)} s: ${sums}\n`
  return [...report.sections.map(lineOf), ...findings, last].join('')
}

export const secondsOf = ({ startedAt, endedAt }: Pick<AuditReport, 'startedAt' | 'endedAt'>): string =>
  ((Date.parse(endedAt) - Date.parse(startedAt)) / 1_000).toFixed(1)

const lineOf = ({ section, tookMs, looked }: SectionReport): string =>
  `${section.padEnd(9)} ${(tookMs / 1_000).toFixed(1).padStart(6)} s  ${lookedText(looked)}\n`

/** `303 columns, 50 tables` */
export const lookedText = (looked: SectionReport['looked']): string =>
  Object.entries(looked)
    .map(([what, count]) => `${count.toLocaleString('en')} ${what}`)
    .join(', ')
