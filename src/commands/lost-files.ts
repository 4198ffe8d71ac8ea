// A file that is missing while the others hold rows was lost, not never made: an empty one in its place would begin to serve,
// and a restore would be thought of too late.
import { openReader } from '../database/connections.ts'
import { DOMAINS, type Domain } from '../database/domains.ts'
import { filledLog, hasFile } from '../database/logs.ts'
import { lost as lostWithLog } from '../database/migrations.ts'
import { ConflictError } from '../errors.ts'
import type { Paths } from '../ops/restore/dangling.ts'
import { isFileEmpty } from '../ops/seed.ts'

/** `domains`: those that would be made where they are missing. Throws ConflictError with the next step. */
export function refuseLostFiles(paths: Paths, domains: readonly Domain[] = DOMAINS): void {
  refuseLostLogs(paths, domains)
  const lost = domains.find((domain) => !hasFile(paths[domain]))
  const witness = lost && DOMAINS.find((domain) => hasFile(paths[domain]) && holdsRows(domain, paths[domain]))
  if (!witness) return
  throw new ConflictError(`${lost}.db is missing, while ${witness}.db has rows: it was lost, and is not made anew`, {
    hint:
      `Restore it with "npx gogga restore ${lost} --from latest". To begin with an empty file in its place, run ` +
      `"npx gogga migrate --domain ${lost} --new".`,
  })
}

/** Also where an empty file is wanted: a log would be played into it. Throws FileError. */
export function refuseLostLogs(paths: Paths, domains: readonly Domain[]): void {
  for (const domain of domains) {
    const log = hasFile(paths[domain]) ? undefined : filledLog(paths[domain])
    if (log !== undefined) throw lostWithLog(domain, log)
  }
}

/** What cannot be read is no empty file either. */
function holdsRows(domain: Domain, path: string): boolean {
  const reader = openReader(domain, path)
  const isMigrated = reader.prepare(`select 1 from sqlite_schema where name = 'OutboxMessage'`).get() !== undefined
  reader.close()
  return isMigrated && !isFileEmpty(domain, path)
}
