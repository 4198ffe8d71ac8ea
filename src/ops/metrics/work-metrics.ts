// What others found and did: backups and their promises, checks, the purge.
import type { Registry } from 'prom-client'
import { addCounter, addGauge, type Labels } from './registry.ts'
import type { BackupFigures, FigureSources } from './sources.ts'

export function addWorkMetrics(registry: Registry, figures: FigureSources, now: () => Date): void {
  const { audits, backups, checks, purge, piiAttempts } = figures
  if (audits) addAudits(registry, audits, now)
  if (backups) addBackups(registry, backups, now)
  if (checks) addChecks(registry, checks, now)
  if (purge) addPurge(registry, purge, now)
  if (piiAttempts) addAttempts(registry, piiAttempts)
}

const secondsSince = (at: Date, now: () => Date): number => Math.max(0, (now().getTime() - at.getTime()) / 1_000)

function addChecks(registry: Registry, checks: NonNullable<FigureSources['checks']>, now: () => Date): void {
  addGauge(registry, {
    name: 'gogga_orphans',
    help: 'Rows whose link names nothing, as the last check counted them; with policy "keep" that is as it should be.',
    labels: ['domain', 'link', 'policy'],
    read: () => checks().orphans.map(({ count, ...labels }) => [labels, count] as const),
  })
  addGauge(registry, {
    name: 'gogga_check_findings',
    help: 'What the last checks found; missing before the first.',
    labels: ['severity'],
    read: () => Object.entries(checks().counts ?? {}).map(([severity, count]) => [{ severity }, count] as const),
  })
  addGauge(registry, {
    name: 'gogga_check_age_seconds',
    help: 'Since the last turn of checks began that came to its end; missing before the first.',
    labels: ['turn'],
    read: () => checks().turns.map(({ turn, at }) => [{ turn }, secondsSince(at, now)] as const),
  })
  addGauge(registry, {
    name: 'gogga_check_seconds',
    help: 'How long that turn took.',
    labels: ['turn'],
    read: () => checks().turns.map(({ turn, tookMs }) => [{ turn }, tookMs / 1_000] as const),
  })
}

function addAudits(registry: Registry, audits: NonNullable<FigureSources['audits']>, now: () => Date): void {
  addGauge(registry, {
    name: 'gogga_audit_findings',
    help: 'What the newest audit of personal information found; missing before the first.',
    labels: ['severity'],
    read: () =>
      Object.entries(audits().newest?.counts ?? {}).map(([severity, count]) => [{ severity }, count] as const),
  })
  addGauge(registry, {
    name: 'gogga_audit_age_seconds',
    help: 'Since the newest audit began that came to its end; missing before the first.',
    labels: [],
    read: () => {
      const { newest } = audits()
      return newest ? [[{}, secondsSince(newest.at, now)]] : []
    },
  })
  addGauge(registry, {
    name: 'gogga_audit_failed',
    help: '1 where the last audit that this process began came to no end, 0 otherwise.',
    labels: [],
    read: () => [[{}, audits().hasFailed ? 1 : 0]],
  })
}

function addPurge(registry: Registry, purge: NonNullable<FigureSources['purge']>, now: () => Date): void {
  addCounter(registry, {
    name: 'gogga_purged_rows_total',
    help: 'Rows that were kept for as long as the schemas say, and went.',
    labels: [],
    read: () => [[{}, purge().rows]],
  })
  addGauge(registry, {
    name: 'gogga_purge_age_seconds',
    help: 'Since nothing was due to go any more; missing before the first purge of this process.',
    labels: [],
    read: () => {
      const { doneAt } = purge()
      return doneAt ? [[{}, secondsSince(doneAt, now)]] : []
    },
  })
}

function addAttempts(registry: Registry, attempts: NonNullable<FigureSources['piiAttempts']>): void {
  addCounter(registry, {
    name: 'gogga_pii_attempts_total',
    help: 'Personal information on its way to billing.db or admin.db: detached from free text, or the change refused.',
    labels: ['domain', 'kind', 'outcome'],
    read: () => attempts().map(({ count, ...labels }) => [labels, count] as const),
  })
}

function addBackups(registry: Registry, backups: NonNullable<FigureSources['backups']>, now: () => Date): void {
  const add = (name: string, help: string, value: (figures: BackupFigures) => number | null) =>
    addGauge(registry, {
      name,
      help,
      labels: ['domain'],
      read: async () =>
        (await backups()).flatMap((figures): (readonly [Labels, number])[] => {
          const found = value(figures)
          return found === null ? [] : [[{ domain: figures.domain }, found]]
        }),
    })
  add('gogga_backups_visible', '1 where this server can see the backups, 0 where only others can.', ({ isVisible }) =>
    isVisible ? 1 : 0,
  )
  add('gogga_backup_age_seconds', 'Since the newest good backup was begun; missing without any.', ({ newestAt }) =>
    newestAt ? secondsSince(newestAt, now) : null,
  )
  add(
    'gogga_backup_recovery_point_seconds',
    'The longest that a change was in no backup: achieved.',
    (figures) => figures.achievedRecoveryPointSeconds,
  )
  add(
    'gogga_backup_recovery_point_promised_seconds',
    'The same as the schedule promises it.',
    (figures) => figures.promisedRecoveryPointSeconds,
  )
  add('gogga_backup_alarms', 'Missed schedules, failed checks and drills that are due.', ({ alarms }) => alarms)
}
