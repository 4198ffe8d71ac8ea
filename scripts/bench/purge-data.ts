// An identity.db whose sign-in log is most of it: made once and kept in .cache/bench/, like the other data.
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { pathInFolder } from '../../src/config.ts'
import { openWriter } from '../../src/database/connections.ts'
import { DOMAINS } from '../../src/database/domains.ts'
import { migrate } from '../../src/database/migrations.ts'
import { CACHE, SCHEMAS } from './data.ts'

/** Two fifths of the rows are over a year old, on whatever day this runs. */
const OLD_FROM = '2018-01-01'
const OLD_DAYS = 365
const FRESH_FROM = '2900-01-01'
const PEOPLE = 1_000
const EMAILS = 50_000

/** A folder with the three files. */
export function logData(rows: number, say: (text: string) => void): string {
  const dir = join(CACHE, `log-${SCHEMAS.slice(0, 8)}-${rows}`)
  if (existsSync(dir)) return dir
  say(`making a sign-in log of ${rows} rows …`)
  const beside = `${dir}.${process.pid}`
  rmSync(beside, { recursive: true, force: true })
  mkdirSync(beside, { recursive: true })
  for (const domain of DOMAINS) migrate(domain, pathInFolder(beside, domain))
  fill(pathInFolder(beside, 'identity'), rows)
  renameSync(beside, dir)
  return dir
}

function fill(path: string, rows: number): void {
  const writer = openWriter('identity', path)
  const old = Math.floor((rows * 2) / 5)
  // As in years of use: ids and times grow together, and a person's rows lie far apart.
  writer
    .prepare(
      `insert into "AuthLog" (id, email, action, ip, meta, createdAt)
       with recursive n(i) as (select 0 union all select i + 1 from n where i < :rows - 1)
       select printf('c%08x%s', i, hex(randomblob(8))), 'person' || (i * 7919 % :emails) || '@example.co.za', 'login_success',
         '196.25.1.' || (i % 256), printf('{"userAgent":"Mozilla/5.0 (Linux; Android 14) Chrome/120.0 Mobile","n":%d}', i),
         strftime('%Y-%m-%dT%H:%M:%f+00:00', iif(i < :old, :oldFrom, :freshFrom), '+' || (86400.0 * :days * i / :rows) || ' seconds')
       from n`,
    )
    .run({ rows, old, oldFrom: OLD_FROM, freshFrom: FRESH_FROM, days: OLD_DAYS, emails: EMAILS })
  writer
    .prepare(
      `insert into "User" (id, email, createdAt, updatedAt)
       with recursive n(i) as (select 0 union all select i + 1 from n where i < :people - 1)
       select 'user' || i, 'user' || i || '@example.co.za', :time, :time from n`,
    )
    .run({ people: PEOPLE, time: '2026-01-01T00:00:00.000+00:00' })
  writer.exec('analyze')
  writer.pragma('wal_checkpoint(TRUNCATE)')
  writer.close()
}
