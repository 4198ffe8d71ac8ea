// How many messages lie in the three outboxes, by a look from outside.
import Database from 'better-sqlite3'
import { DOMAINS } from '../../src/database/domains.ts'
import { pathsIn } from './seed.ts'

export function outboxSize(dir: string): number {
  const paths = pathsIn(dir)
  let count = 0
  for (const domain of DOMAINS) {
    const file = new Database(paths[domain], { readonly: true, timeout: 1_000 })
    count += file.prepare('select count(*) from "OutboxMessage"').pluck().get() as number
    file.close()
  }
  return count
}
