// The report as one page: no scripts, nothing from elsewhere, light and dark, and fit for paper.
import { footOf } from '../html.ts'
import { momentText } from '../moments.ts'
import type { Finding } from './finding.ts'
import { type AuditReport, placeText, SECTION_TITLES, SEVERITIES, type SectionReport } from './report.ts'
import { lookedText, secondsOf } from './report-text.ts'

const STYLE = `
:root { color-scheme: light dark; --line: #ccc; --faint: #555; --high: #b00020; --medium: #9a5b00; --low: #4a5a00; --info: #246; }
@media (prefers-color-scheme: dark) { :root { --line: #444; --faint: #aaa; --high: #ff7b8a; --medium: #ffb454; --low: #c3d35a; --info: #8ab8ff; } }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin-bottom: 0; } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
p.about { color: var(--faint); margin-top: .2rem; }
.verdict { font-weight: 700; } .high { color: var(--high); } .medium { color: var(--medium); } .low { color: var(--low); } .info { color: var(--info); }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; vertical-align: top; padding: .35rem .6rem .35rem 0; border-bottom: 1px solid var(--line); }
th { color: var(--faint); font-weight: 600; } td.number { text-align: right; font-variant-numeric: tabular-nums; }
code { font: 13px ui-monospace, monospace; overflow-wrap: anywhere; } .next { color: var(--faint); }
@media print { :root { color-scheme: light; } body { margin: 0; max-width: none; font-size: 11px; } code { font-size: 9.5px; }
  tr { break-inside: avoid; } h1, h2, thead { break-after: avoid; } }
@page { size: A4; margin: 14mm 14mm 16mm; }
`

export function htmlOf(report: AuditReport): string {
  const { id, startedAt, endedAt, cause, passed, counts, sections, findings } = report
  const verdict = passed ? '<span class="verdict info">Passed' : '<span class="verdict high">Did not pass'
  const sums = SEVERITIES.map((severity) => `<span class="${severity}">${counts[severity]} ${severity}</span>`).join(
    ', ',
  )
  const said = findings.filter(({ severity }) => severity !== 'info')
  const looked = findings.filter(({ severity }) => severity === 'info')
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Audit ${escaped(id)}</title>
<style>${STYLE}${footOf(`Audit ${id}`)}</style>
<h1>Audit of personal information</h1>
<p class="about">POPIA section 19. Audit <code>${escaped(id)}</code>, asked for by ${escaped(cause)},
${escaped(momentText(startedAt))} to ${escaped(momentText(endedAt))} (${secondsOf(report)} s).</p>
<p>${verdict}</span>: ${sums}. It passes with nothing of high or medium severity.</p>
<h2>Findings</h2>
${said.length > 0 ? findingsTable(said) : '<p>None.</p>'}
<h2>What was looked at</h2>
<table><thead><tr><th>Section</th><th>Looked at</th><th>Findings</th><th>Seconds</th></tr></thead>
<tbody>${sections.map(sectionRow).join('')}</tbody></table>
${looked.length > 0 ? `<h2>What is to be known about it</h2>\n${findingsTable(looked)}` : ''}
<h2>Versions</h2>
<table><tbody>${versionRows(report)}</tbody></table>
</html>
`
}

const findingsTable = (findings: readonly Finding[]): string =>
  `<table><thead><tr><th>Severity</th><th>Place</th><th>What, and what next</th><th>Count</th></tr></thead>
<tbody>${findings.map(findingRow).join('')}</tbody></table>`

const findingRow = ({ severity, place, code, message, count, next }: Finding): string =>
  `<tr><td class="${severity}"><strong>${severity}</strong></td><td><code>${escaped(placeText(place))}</code></td>` +
  `<td>${escaped(message)}<br><span class="next">${escaped(next)}</span><br><code>${escaped(code)}</code></td>` +
  `<td class="number">${count.toLocaleString('en')}</td></tr>\n`

const sectionRow = ({ section, looked, counts, tookMs }: SectionReport): string =>
  `<tr><td>${escaped(SECTION_TITLES[section])}</td><td>${escaped(lookedText(looked))}</td>` +
  `<td>${SEVERITIES.map((severity) => `${counts[severity]} ${severity}`).join(', ')}</td>` +
  `<td class="number">${(tookMs / 1_000).toFixed(1)}</td></tr>\n`

function versionRows({ versions: { program, node, sqlite, migrations } }: AuditReport): string {
  const rows = [
    ['gogga-data', program],
    ['Node.js', node],
    ['SQLite', sqlite],
    ...Object.entries(migrations).map(([domain, names]) => [`${domain}.db`, names.join(', ')]),
  ]
  return rows
    .map(([name = '', value = '']) => `<tr><th>${escaped(name)}</th><td>${escaped(value)}</td></tr>\n`)
    .join('')
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

export const escaped = (text: string): string => text.replace(/[&<>"']/g, (char) => ENTITIES[char] ?? char)
