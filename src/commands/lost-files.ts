// A file that is missing while the others hold rows was lost, not never made: an empty one in its place would begin to serve,
// and a restore would be thought of too late.
import { existsSync } from 'node:fs'
import { openReader } from '../database/connections.ts'
import { DOMAINS, type Domain } from '../database/domains.ts'
import { ConflictError } from '../errors.ts'
import type { Paths } from '../ops/restore/dangling.ts'
import { isFileEmpty } from '../ops/seed.ts'

/** `domains`: those that would be made where they are missing. Throws ConflictError with the next step. */
export function refuseLostFiles(paths: Paths, domains: readonly Domain[] = DOMAINS): void {
  const lost = domains.find((domain) => !existsSync(paths[domain]))
  const witness = lost && DOMAINS.find((domain) => existsSync(paths[domain]) && holdsRows(domain, paths[domain]))
  if (!witness) return
  throw new ConflictError(`${lost}.db is missing, while ${witness}.db has rows: it was lost, and is not made anew`, {
    hint:
      `Restore it with "npx gogga restore ${lost} --from latest". To begin with an empty file in its place, run ` +
      `"npx gogga migrate --domain ${lost} --new".`,
  })
}

/** What cannot be read is no empty file either. */
function holdsRows(domain: Domain, path: string): boolean {
  const reader = openReader(domain, path)
  const isMigrated = reader.prepare(`select 1 from sqlite_schema where name = 'OutboxMessage'`).get() !== undefined
  reader.close()
  return isMigrated && !isFileEmpty(domain, path)
}
