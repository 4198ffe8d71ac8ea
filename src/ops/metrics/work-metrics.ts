// What others found: backups and their promises, orphans of the last check.
import type { Registry } from 'prom-client'
import { addGauge, type Labels } from './registry.ts'
import type { BackupFigures, FigureSources } from './sources.ts'

export function addWorkMetrics(registry: Registry, { backups, orphans }: FigureSources, now: () => Date): void {
  if (backups) addBackups(registry, backups, now)
  if (!orphans) return
  addGauge(registry, {
    name: 'gogga_orphans',
    help: 'Rows whose link names nothing, as the last check counted them.',
    labels: ['domain', 'link'],
    read: async () => (await orphans()).map(({ domain, link, count }) => [{ domain, link }, count] as const),
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
    newestAt ? Math.max(0, (now().getTime() - newestAt.getTime()) / 1_000) : null,
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
