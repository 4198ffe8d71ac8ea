// Whether each file can be read and written now: what a load balancer asks before it sends anybody here.
import type { Context } from '../context.ts'
import type { OpenFile } from '../database/clients.ts'
import { DOMAINS, type Domain } from '../database/domains.ts'
import { migrationState } from '../database/migrations.ts'
import { probe } from '../database/probe.ts'

export type Check = 'open' | 'migrated' | 'writable'

export interface Finding {
  readonly domain: Domain
  /** The check that failed; the ones after it were not tried. */
  readonly check: Check
  /** For the log: it may hold paths. */
  readonly cause: unknown
}

/** What keeps the server from serving; empty when nothing does. */
export async function findUnready({ files }: Pick<Context, 'files'>): Promise<readonly Finding[]> {
  const findings = await Promise.all(DOMAINS.map((domain) => examine(files[domain])))
  return findings.filter((finding) => finding !== undefined)
}

async function examine(file: OpenFile): Promise<Finding | undefined> {
  let check: Check = 'open'
  try {
    probe([file])
    check = 'migrated'
    const { pending } = migrationState(file.domain, file.reader)
    if (pending.length > 0) throw new Error(`lacks ${pending.join(', ')}`)
    check = 'writable'
    await write(file)
    return undefined
  } catch (cause) {
    return { domain: file.domain, check, cause }
  }
}

/** A commit that changes nothing: SQLite locks, logs and syncs for it as for any other. */
async function write({ client }: OpenFile): Promise<void> {
  await (client as OpenFile<'billing'>['client'])
    .$executeRaw`update "_prisma_migrations" set logs = logs where id = (select min(id) from "_prisma_migrations")`
}

/** Asks at most once in so many milliseconds, however many callers there are. */
export function throttled<T>(ask: () => Promise<T>, milliseconds: number, now: () => Date): () => Promise<T> {
  let last: { readonly at: number; readonly answer: Promise<T> } | undefined
  return () => {
    const at = now().getTime()
    if (!last || at - last.at >= milliseconds) last = { at, answer: ask() }
    return last.answer
  }
}
