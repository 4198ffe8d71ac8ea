// What Prometheus and Grafana of deploy/ ask for is what a server gives: names and labels, compared with its real answer.
import { existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { SEVERITIES } from '../../src/compliance/audit/report.ts'
import { createApp } from '../../src/http/app.ts'
import { TURNS } from '../../src/ops/check/turns.ts'
import type { CheckFigures, FigureSources } from '../../src/ops/metrics/sources.ts'
import { withApp } from '../http/app.ts'

interface Service {
  readonly environment?: Readonly<Record<string, string>>
  readonly volumes?: readonly { readonly source: string; readonly target: string }[]
}

const ROOT = join(import.meta.dirname, '../..')
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')
const { services } = parse(read('docker-compose.yml'), { merge: true }) as {
  services: Readonly<Record<string, Service>>
}

describe('figures', () => {
  test('every metric of the dashboard and the alerts exists, and every metric of a file is on the dashboard', async () => {
    const figures: FigureSources = {
      audits: () => ({ newest: { at: new Date(0), counts: SEVERITY_COUNTS }, hasFailed: false }),
      backups: () => [BACKUP],
      checks: () => CHECKS,
      purge: () => ({ rows: 0, doneAt: new Date(0) }),
    }
    await withApp(async ({ context, key }) => {
      const app = await createApp(context, { log: { write: () => {} }, figures })
      await app.inject('/health/live')
      const { body } = await app.inject({ url: '/metrics', headers: { authorization: `Bearer ${await key('ops')}` } })
      await app.close()
      const known = new Set([...body.matchAll(/^([a-z_]+)(?:\{| )/gm)].map(([, name]) => name))
      const dashboard = read('deploy/grafana/dashboards/gogga.json')
      const named = (text: string) =>
        new Set([...text.matchAll(/\b((?:gogga|process|nodejs)_[a-z_]+)/g)].map(([, name]) => name))
      const rules = parse(read('deploy/prometheus/alerts.yml')).groups[0].rules as { expr: string }[]
      const expressions = [
        ...JSON.parse(dashboard).panels.flatMap(({ targets = [] }: { targets?: { expr: string }[] }) => targets),
        ...rules,
      ].map(({ expr }) => expr)
      expect(expressions.length).toBeGreaterThan(30)
      const used = named(expressions.join('\n'))
      expect(rules.flatMap(({ expr }) => selectorsOf(expr).filter((one) => !isMet(one, body)))).toEqual([])
      expect([...used].filter((name) => !known.has(name))).toEqual([])
      const families = [...body.matchAll(/^# TYPE (gogga_\w+) \w+$/gm)].map(([, name = '']) => name)
      expect(families.filter((family) => !dashboard.includes(family))).toEqual([])
    })
  })

  test('Prometheus asks where the server answers, and Grafana asks Prometheus', () => {
    const [job] = parse(read('deploy/prometheus/prometheus.yml')).scrape_configs
    expect(job.static_configs[0].targets).toEqual([`api:${services.api?.environment?.GOGGA_METRICS_PORT}`])
    for (const rule of parse(read('deploy/prometheus/prometheus.yml')).rule_files)
      expect(existsSync(join(ROOT, 'deploy/prometheus', rule))).toBe(true)
    const [source] = parse(read('deploy/grafana/provisioning/datasources/prometheus.yml')).datasources
    expect(source.url).toBe('http://prometheus:9090')
    const [provider] = parse(read('deploy/grafana/provisioning/dashboards/gogga.yml')).providers
    const mounted = services.grafana?.volumes?.find(({ target }) => target === provider.options.path)
    expect(globSync('*.json', { cwd: join(ROOT, mounted?.source ?? '') })).toEqual(['gogga.json'])
    const panels = JSON.parse(read('deploy/grafana/dashboards/gogga.json')).panels as { datasource?: { uid: string } }[]
    for (const { datasource } of panels) expect([undefined, source.uid]).toContain(datasource?.uid)
  })

  test('an audit that found something, came to no end or is overdue raises an alarm, and so do attempts', () => {
    const rules = parse(read('deploy/prometheus/alerts.yml')).groups[0].rules as { alert: string; expr: string }[]
    const expressions = rules.map(({ expr }) => expr).join('\n')
    for (const severity of ['high', 'medium'])
      expect(expressions).toContain(`gogga_audit_findings{severity="${severity}"} > 0`)
    expect(expressions).toContain('gogga_audit_failed == 1')
    expect(expressions).toContain(`gogga_audit_age_seconds > ${26 * 3_600}`)
    expect(expressions).toContain('unless on (instance) gogga_audit_age_seconds')
    expect(expressions).toContain('increase(gogga_pii_attempts_total{outcome="refused"}[15m]) > 0')
    expect(expressions).toContain('increase(gogga_pii_attempts_total[1h])')
  })
})

/** `gogga_orphans{policy!="keep"}` → its parts; what Prometheus adds itself (`up`) is not ours. */
interface Selector {
  readonly name: string
  readonly label: string
  readonly operator: string
  readonly value: string
}

const selectorsOf = (expression: string): readonly Selector[] =>
  [...expression.matchAll(/(gogga_\w+)\{([^}]*)\}/g)].flatMap(([, name = '', inner = '']) =>
    [...inner.matchAll(/(\w+)(=~|!=|=)"([^"]*)"/g)].map(([, label = '', operator = '', value = '']) => {
      return { name, label, operator, value }
    }),
  )

/** Whether a sample has that label with such a value: an alert on a word that nobody writes is never raised. */
function isMet({ name, label, operator, value }: Selector, body: string): boolean {
  const samples = body.split('\n').filter((line) => line.startsWith(`${name}{`))
  const found = samples.flatMap((line) => new RegExp(`\\b${label}="([^"]*)"`).exec(line)?.[1] ?? [])
  if (operator === '=~') return found.some((word) => new RegExp(`^(?:${value})$`).test(word))
  return found.some((word) => (operator === '=' ? word === value : word !== value))
}

const SEVERITY_COUNTS = Object.fromEntries(SEVERITIES.map((severity) => [severity, 0]))
const CHECKS: CheckFigures = {
  turns: TURNS.map((turn) => ({ turn, at: new Date(0), tookMs: 1 })),
  counts: { error: 0, warning: 0, notice: 0 },
  orphans: [{ domain: 'billing', link: 'a', policy: 'null', count: 0 }],
}
const BACKUP = {
  domain: 'billing',
  isVisible: true,
  newestAt: new Date(0),
  achievedRecoveryPointSeconds: 1,
  promisedRecoveryPointSeconds: 1,
  alarms: 0,
} as const
