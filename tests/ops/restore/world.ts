// Three live files with people in them, the application over them when a test wants it, and a backup to go back to.
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { readConfig } from '../../../src/config.ts'
import { type Context, createContext } from '../../../src/context.ts'
import type { Domain } from '../../../src/database/domains.ts'
import { readPolicies } from '../../../src/ops/backup/policy.ts'
import { takeBackup } from '../../../src/ops/backup/take.ts'
import type { Manifest } from '../../../src/ops/backup/types.ts'
import type { Wanted } from '../../../src/ops/restore/choose.ts'
import { type RestoreOptions, type RestoreReport, restore } from '../../../src/ops/restore/restore.ts'
import { redeemVoucher } from '../../../src/saga/redeem-voucher.ts'
import { type Databases, withDatabases } from '../../helpers/databases.ts'
import { asked, codeOf, NOW } from '../../saga/people.ts'
import { emptied } from '../../saga/world.ts'
import { backupSources } from '../backup/world.ts'
import { rowsOf } from '../check/planting.ts'

export const SECOND = 1_000

export interface RestoreWorld {
  readonly databases: Databases
  readonly clock: { now: Date }
  pass(milliseconds: number): void
  /** The application over the three files, closed at the end; everything is delivered before. */
  run<T>(work: (context: Context) => Promise<T>): Promise<T>
  backup(domain: Domain): Promise<Manifest>
  restore(domain: Domain, wanted: Wanted, more?: Partial<RestoreOptions>): Promise<RestoreReport>
  rows<T>(domain: Domain, sql: string): readonly T[]
}

export const withRestoreWorld = (work: (world: RestoreWorld) => Promise<void>): Promise<void> =>
  withDatabases(async (databases) => {
    const clock = { now: NOW }
    const now = () => clock.now
    const policies = readPolicies({ dataDir: databases.dir })
    const { paths, dir } = databases
    const world: RestoreWorld = {
      databases,
      clock,
      pass(milliseconds) {
        clock.now = new Date(clock.now.getTime() + milliseconds)
      },
      async run(inside) {
        const env = { GOGGA_DATA_DIR: dir, GOGGA_LOG_LEVEL: 'silent' }
        await using context = await createContext(readConfig(env, dir), { now, mailSent: () => {} })
        await context.sagas.courier.sweep()
        const result = await inside(context)
        await context.sagas.courier.sweep()
        await emptied(context)
        return result
      },
      backup: (domain) =>
        takeBackup({
          policy: policies[domain],
          path: paths[domain],
          sources: { ...backupSources(), now, newId: randomUUID },
        }),
      restore: (domain, wanted, more = {}) =>
        restore({
          policy: policies[domain],
          wanted,
          paths,
          dryRun: false,
          sources: { now, newId: randomUUID },
          ...more,
        }),
      rows: (domain, sql) => rowsOf(databases, domain, sql),
    }
    await work(world)
  })

export const archivesOf = ({ dir }: Databases, domain: Domain): string => join(dir, 'backups', domain)

export const redeem = ({ sagas }: Context, voucherId: string, userId: string) =>
  redeemVoucher(sagas, { code: codeOf(voucherId), userId }, asked('POST /v1/redemptions', { voucherId, userId }))
