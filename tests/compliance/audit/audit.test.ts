// A whole audit: what passes, what does not, and that no report shows a value of anybody.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { auditJob } from '../../../src/compliance/audit/audit-job.ts'
import { findAudit, keepAudit, listAudits, signed } from '../../../src/compliance/audit/audits.ts'
import type { AuditReport } from '../../../src/compliance/audit/report.ts'
import { htmlOf } from '../../../src/compliance/audit/report-html.ts'
import { pdfOf } from '../../../src/compliance/audit/report-pdf.ts'
import { textOf } from '../../../src/compliance/audit/report-text.ts'
import { openFile } from '../../../src/database/clients.ts'
import { seededRandom } from '../../../src/ops/makers.ts'
import { seed } from '../../../src/ops/seed.ts'
import { type Databases, withDatabases } from '../../helpers/databases.ts'
import { pagesOf } from '../../helpers/pdf-text.ts'
import { plant, T, user } from '../../ops/check/planting.ts'
import { audit, NOW, shortly } from './planted.ts'

/** Values of persons that an audit meets in every section. */
const CANARIES = ['canary.nomsa@mail.example', '082 555 0142', '8001015009087', '41.13.21.77', 'Nomsa Canary-Dlamini']
const SECRET = 'canary-table@mail.example'

function plantEverywhere(databases: Databases): string {
  plant(databases, 'identity', user('u1'), `update "User" set email = '${CANARIES[0]}'`)
  const meta = `{"note":"call ${CANARIES[1]} or ${CANARIES[2]} from ${CANARIES[3]}, ${CANARIES[0]}"}`
  plant(
    databases,
    'billing',
    `insert into "SubscriptionEvent" (id, subscriptionId, userId, event, actor, meta, createdAt)
     values ('e1', 's1', 'u1', 'x', 'u1', '${meta}', '${T}')`,
    `create table "${SECRET}" (a text)`,
    `insert into "${SECRET}" values ('${CANARIES[0]}')`,
  )
  const log = join(databases.dir, `app ${CANARIES[3]} .log`)
  const lines = CANARIES.map((value) => JSON.stringify({ level: 30, msg: value, [value]: [value] }))
  writeFileSync(log, `${lines.join('\n')}\n${CANARIES.join(' ')}\n`)
  return log
}

it('passes over seeded files', () =>
  withDatabases(async (databases) => {
    const random = seededRandom(7)
    seed(databases.paths, { people: 300, random, now: NOW.getTime() })
    const report = await audit(databases, { sections: ['schema', 'handles', 'run-time', 'logs', 'values', 'bytes'] })
    expect(shortly(report.findings)).toEqual([])
    expect(report.passed).toBe(true)
  }))

it('shows no value of anybody in any report, however much it finds', () =>
  withDatabases(async (databases) => {
    const log = plantEverywhere(databases)
    const report = await audit(databases, { logs: { files: [log] } })
    const codes = new Set(report.findings.map(({ code }) => code))
    const expected = ['values.email', 'values.phone', 'values.idNumber', 'values.ip', 'bytes.email', 'logs.email']
    for (const code of [...expected, 'logs.phone', 'schema.foreign-table', 'chain.row-inserted'])
      expect(codes, code).toContain(code)
    expect(report.passed).toBe(false)
    const texts = [JSON.stringify(report), htmlOf(report), textOf(report), pagesOf(await pdfOf(report)).join('\n')]
    for (const text of texts)
      for (const value of [...CANARIES, SECRET, databases.dir]) expect(text).not.toContain(value)
  }))

const REPORT: AuditReport = {
  ...{ id: 'a1', cause: 'command', startedAt: NOW.toISOString(), endedAt: NOW.toISOString(), passed: false },
  versions: { program: '1', node: '24', sqlite: '3', migrations: { billing: ['init'] } },
  sections: [
    { section: 'values', tookMs: 5, looked: { rows: 1_234 }, counts: { high: 1, medium: 0, low: 0, info: 0 } },
  ],
  counts: { high: 1, medium: 0, low: 0, info: 0 },
  findings: [
    {
      ...{
        severity: 'high',
        section: 'values',
        code: 'values.email',
        message: '<b>1</b> value',
        count: 1,
        next: 'Do "it".',
      },
      place: { file: 'billing.db', table: 'T', column: 'c', path: '$.x' },
    },
  ],
}

it('writes one page that needs nothing else and runs nothing', () => {
  const html = htmlOf(REPORT)
  expect(html).toContain('<code>billing.db T.c $.x</code>')
  expect(html).toContain('&lt;b&gt;1&lt;/b&gt; value')
  expect(html).toContain('prefers-color-scheme: dark')
  expect(html).toContain('@media print')
  expect(html).not.toMatch(/<script|<link|<img|https?:|url\(|@import/i)
})

it('writes a PDF that says the same, on numbered pages', async () => {
  const [page = ''] = pagesOf(await pdfOf(REPORT))
  for (const words of [
    'Did not pass: 1 high',
    'HIGH  billing.db T.c $.x',
    '<b>1</b> value',
    'Next: Do "it".',
    '1,234 rows',
  ])
    expect(page).toContain(words)
  const many = pagesOf(await pdfOf({ ...REPORT, findings: Array.from({ length: 200 }, () => REPORT.findings).flat() }))
  expect(many.length).toBeGreaterThan(3)
  expect(many.join('\n').match(/^HIGH/gm)).toHaveLength(200)
  many.forEach((text, at) => {
    expect(text).toContain(`Page ${at + 1}`)
  })
})

it('says on the terminal what is wrong, where, and what next', () => {
  expect(textOf(REPORT)).toMatch(
    /high +billing\.db T\.c \$\.x {2}values\.email: .*\n +Do "it"\.\nAudit a1 DID NOT PASS/,
  )
})

it('is kept, found again, and listed newest first', () =>
  withDatabases(async ({ paths }) => {
    await using identity = await openFile('identity', paths.identity, { busyTimeoutMs: 500, cacheMb: 4 })
    const later = new Date(NOW.getTime() + 1_000).toISOString()
    await keepAudit(identity, signed(REPORT, undefined))
    await keepAudit(
      identity,
      signed({ ...REPORT, id: 'a2', startedAt: later, endedAt: later, passed: true }, undefined),
    )
    expect(listAudits(identity, 5).map(({ id, passed }) => [id, passed])).toEqual([
      ['a2', true],
      ['a1', false],
    ])
    expect(listAudits(identity, 5, new Date(later)).map(({ id }) => id)).toEqual(['a1'])
    expect(JSON.parse(findAudit(identity, 'a1')?.report ?? '')).toEqual(REPORT)
    expect(findAudit(identity, 'a3')).toBeUndefined()
  }))

it('runs once a day, and not right after a start', async () => {
  let [now, runs] = [NOW, 0]
  let newest: ReturnType<typeof signed> | undefined
  const auditor = {
    newest: () => newest,
    async run() {
      runs += 1
      newest = signed({ ...REPORT, startedAt: now.toISOString() }, undefined)
      return newest
    },
  }
  const job = auditJob(auditor, () => now)
  const turn = async (hours: number) => {
    now = new Date(now.getTime() + hours * 3_600_000)
    await job.run(new AbortController().signal)
    return runs
  }
  expect([await turn(0), await turn(0.2), await turn(0.2), await turn(23), await turn(1)]).toEqual([0, 1, 1, 1, 2])
})
