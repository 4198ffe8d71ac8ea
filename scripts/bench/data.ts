// The data of the benchmarks: the same invented people in three files and in one, made once and kept in .cache/bench/.
import { hash } from 'node:crypto'
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { pathInFolder } from '../../src/config.ts'
import { DOMAINS, type Domain } from '../../src/database/domains.ts'
import { migrate, migrationsOf } from '../../src/database/migrations.ts'
import { seededRandom } from '../../src/ops/makers.ts'
import { seed } from '../../src/ops/seed.ts'

export const CACHE = join(import.meta.dirname, '../../.cache/bench')
/** Part of the folder's name, with the migrations: data of another shape is made anew. */
const SHAPE = 4
export const SCHEMAS = hash(
  'sha256',
  JSON.stringify(DOMAINS.flatMap((domain) => migrationsOf(domain).map(({ checksum }) => checksum))),
)
const NOW = Date.UTC(2026, 10, 22)
/** Tables that a page of users joins; the baseline's one file holds these. */
const JOINED: readonly (readonly [Domain, string])[] = [
  ['identity', 'User'],
  ['billing', 'Subscription'],
  ['billing', 'ProcessedPayment'],
  ['admin', 'Voucher'],
]

export interface BenchData {
  readonly dir: string
  readonly paths: Readonly<Record<Domain, string>>
  /** The same rows in one file with the indexes that the legacy database has. */
  readonly legacy: string
  /** The same, with an index added on every userId: a baseline that has been looked after. */
  readonly unified: string
  /** User ids, evenly spread, as starting points of pages. */
  readonly starts: readonly string[]
}

/** Makes or reuses the data; `say` tells what takes long. */
export function benchData(people: number, say: (text: string) => void): BenchData {
  const dir = join(CACHE, `${SHAPE}-${SCHEMAS.slice(0, 8)}-${people}`)
  if (!existsSync(dir)) {
    say(`making ${people} people in ${DOMAINS.length} files and in one …`)
    const beside = `${dir}.${process.pid}`
    rmSync(beside, { recursive: true, force: true })
    mkdirSync(beside, { recursive: true })
    make(beside, people)
    renameSync(beside, dir)
  }
  const data = at(dir)
  return { ...data, starts: startsOf(data.paths.identity) }
}

function at(dir: string) {
  const path = (domain: Domain) => pathInFolder(dir, domain)
  const paths = { identity: path('identity'), billing: path('billing'), admin: path('admin') }
  return { dir, paths, legacy: join(dir, 'legacy.db'), unified: join(dir, 'unified.db') }
}

function make(dir: string, people: number): void {
  const { paths, legacy, unified } = at(dir)
  for (const domain of DOMAINS) migrate(domain, paths[domain])
  seed(paths, { people, now: NOW, random: seededRandom(1), history: 'core' })
  unify(paths, legacy, LEGACY_INDEXES)
  unify(paths, unified, LEGACY_INDEXES + USER_INDEXES)
}

const LEGACY_INDEXES = `create unique index user_email on "User" (email);
  create unique index subscription_user on "Subscription" ("userId");
  create unique index payment_pf on "ProcessedPayment" ("pfPaymentId");
  create unique index voucher_code on "Voucher" (code);
  create index voucher_type on "Voucher" (type);
  create index voucher_batch on "Voucher" ("batchId");
  create index voucher_creator on "Voucher" ("createdBy");`
const USER_INDEXES = `create index payment_user on "ProcessedPayment" ("userId");
  create index voucher_user on "Voucher" ("userId");`

/** One file with the tables of all three, copied by SQL over ATTACH. */
function unify(paths: Readonly<Record<Domain, string>>, path: string, indexes: string): void {
  const one = new Database(path)
  one.pragma('journal_mode = WAL')
  for (const domain of DOMAINS) one.prepare(`attach ? as ${domain}`).run(paths[domain])
  for (const [domain, table] of JOINED) {
    const ddl = one.prepare(`select sql from ${domain}.sqlite_master where name = ?`).pluck().get(table) as string
    one.exec(`${ddl}; insert into main."${table}" select * from ${domain}."${table}"`)
  }
  one.exec(indexes)
  for (const domain of DOMAINS) one.exec(`detach ${domain}`)
  one.exec('analyze')
  one.pragma('wal_checkpoint(TRUNCATE)')
  one.close()
}

function startsOf(identity: string): readonly string[] {
  const reader = new Database(identity, { readonly: true })
  const ids = reader.prepare('select id from "User" order by id').pluck().all() as string[]
  reader.close()
  const step = Math.max(1, Math.floor((ids.length - 60) / 200))
  return Array.from({ length: 200 }, (_, index) => ids[(index * step * 7) % Math.max(1, ids.length - 60)] ?? '')
}
