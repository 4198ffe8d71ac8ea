// A migrated billing.db or identity.db in a folder of its own, a policy for it, and time and ids that the test decides.
import { createHash, randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { type Connection, openWriter } from '../../../src/database/connections.ts'
import type { Domain } from '../../../src/database/domains.ts'
import { type BackupPolicy, readPolicies } from '../../../src/ops/backup/policy.ts'
import { takeBackup } from '../../../src/ops/backup/take.ts'
import type { Manifest, Sources } from '../../../src/ops/backup/types.ts'
import { withDatabases } from '../../helpers/databases.ts'
import { insertRows } from '../../helpers/people.ts'

export interface World {
  readonly dir: string
  readonly domain: Domain
  readonly path: string
  readonly policy: BackupPolicy
  /** Folder of the archives. */
  readonly target: string
  readonly sources: Sources & { set(time: Date): void }
  take(changes?: Partial<BackupPolicy>, set?: string): Promise<Manifest>
  /** Adds payments with their events. */
  fill(from: number, to: number): void
}

export const START = new Date('2026-06-01T12:00:00.000Z')

export const withWorld = <T>(work: (world: World) => T | Promise<T>, domain: Domain = 'billing'): Promise<T> =>
  withDatabases(async ({ dir, paths }) => {
    const sources = backupSources()
    const policy = readPolicies({ dataDir: dir })[domain]
    const path = paths[domain]
    return await work({
      dir,
      domain,
      path,
      policy,
      target: join(dir, 'backups', domain),
      sources,
      take: (changes = {}, set) => takeBackup({ policy: { ...policy, ...changes }, path, sources, set }),
      fill(from, to) {
        const writer = openWriter(domain, path)
        writer.pragma('synchronous = OFF')
        writer.transaction(() => {
          for (let nth = from; nth < to; nth++) addPair(writer, nth)
        })()
        writer.close()
      },
    })
  })

export function backupSources(start = START): World['sources'] {
  let [time, ids] = [start, 0]
  return {
    now: () => time,
    newId: () => `id${++ids}`,
    randomBytes: (size) => randomBytes(size),
    set(next) {
      time = next
    },
  }
}

/** One transaction: a backup that has one and not the other is of no single moment. */
export function addPair(writer: Connection, nth: number): void {
  const writers = { identity: writer, billing: writer, admin: writer }
  writer.transaction(() => {
    const noise = createHash('sha256').update(String(nth)).digest('hex')
    insertRows(writers, 'payments', [{ id: `p${nth}`, pfPaymentId: noise }])
    insertRows(writers, 'subscription-events', [{ id: `e${nth}`, actor: noise, meta: `${noise}${noise}` }])
  })()
}

/** Pragmatic: every row of every table, as text. */
export function contentsOf(path: string): Record<string, unknown[]> {
  const database = new Database(path, { readonly: true })
  const tables = database
    .prepare("select name from sqlite_schema where type = 'table' order by 1")
    .pluck()
    .all() as string[]
  const rows = Object.fromEntries(tables.map((name) => [name, database.prepare(`select * from "${name}"`).all()]))
  database.close()
  return rows
}

/** A key file; the same `seed` gives the same key. */
export function keyFile(dir: string, seed = 'key'): string {
  const path = join(dir, `${seed}.key`)
  writeFileSync(path, createHash('sha256').update(seed).digest('hex'), { mode: 0o600 })
  return path
}
