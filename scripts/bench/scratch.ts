// Copies of the benchmarks' data that may be written to: three files, and the same rows in one file.
import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import Database from 'better-sqlite3'
import { pathInFolder, readConfig } from '../../src/config.ts'
import { type Context, createContext, type Sources } from '../../src/context.ts'
import { DOMAINS, type Domain } from '../../src/database/domains.ts'
import { migrate } from '../../src/database/migrations.ts'
import type { BenchData } from './data.ts'

export interface Scratch extends Disposable {
  readonly paths: Readonly<Record<Domain, string>>
  /** Where `unify` puts the one file. */
  readonly one: string
  /** The application over the three files. */
  open(overrides?: Partial<Sources>): Promise<Context>
}

/** Copies the three files into folders that only their owner may read, and waits for the disk: what is left to do is not what follows. */
export function copyFiles(from: (domain: Domain) => string, dir: string): void {
  for (const domain of DOMAINS) {
    mkdirSync(dirname(pathInFolder(dir, domain)), { mode: 0o700 })
    copyFileSync(from(domain), pathInFolder(dir, domain))
  }
  execFileSync('sync', ['-f', dir])
}

/** On the disk of the data, since syncing to disk is part of what is measured. */
export function scratchOf(data: BenchData): Scratch {
  const dir = mkdtempSync(join(dirname(data.dir), 'writes-'))
  const path = (domain: Domain) => pathInFolder(dir, domain)
  const paths = { identity: path('identity'), billing: path('billing'), admin: path('admin') }
  for (const domain of DOMAINS) {
    mkdirSync(dirname(paths[domain]), { recursive: true })
    copyFileSync(data.paths[domain], paths[domain])
    migrate(domain, paths[domain])
  }
  return {
    paths,
    one: join(dir, 'one.db'),
    open: (overrides) => createContext(readConfig({ GOGGA_DATA_DIR: dir }, dir), overrides),
    [Symbol.dispose]: () => rmSync(dir, { recursive: true, force: true }),
  }
}

/** The unified database's tables that these benchmarks write to. */
const TABLES: readonly (readonly [Domain, string])[] = [
  ['identity', 'User'],
  ['identity', 'AuthLog'],
  ['billing', 'Subscription'],
  ['billing', 'CreditPurchase'],
  ['billing', 'ProcessedPayment'],
  ['billing', 'SubscriptionEvent'],
  ['admin', 'Voucher'],
  ['admin', 'VoucherLog'],
]

/** The rows of the three files in one, with the same columns and indexes, and the foreign key of the unified database. */
export function unify({ paths, one: path }: Scratch): void {
  rmSync(path, { force: true })
  const one = new Database(path)
  one.pragma('journal_mode = WAL')
  for (const domain of DOMAINS) one.prepare(`attach ? as ${domain}`).run(paths[domain])
  for (const [domain, table] of TABLES) {
    const ddl = one.prepare(
      `select sql from ${domain}.sqlite_master where tbl_name = ? and sql is not null order by type desc`,
    )
    const [create = '', ...indexes] = ddl.pluck().all(table) as string[]
    one.exec(table === 'Subscription' ? withForeignKey(create) : create)
    one.exec(`insert into main."${table}" select * from ${domain}."${table}"`)
    for (const index of indexes) one.exec(index)
  }
  for (const domain of DOMAINS) one.exec(`detach ${domain}`)
  one.exec('analyze')
  one.close()
}

const withForeignKey = (create: string): string =>
  create.replace(/\)\s*$/, ', FOREIGN KEY ("userId") REFERENCES "User" ("id") ON DELETE CASCADE)')
