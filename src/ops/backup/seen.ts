// Backups as a server sees them: what lies in each file's store, or that it cannot be seen from here. Asked for by requests, so a
// store is read at most once in some seconds, and one that does not answer is not waited for.
import { DOMAINS, type Domain } from '../../database/domains.ts'
import { type Listed, listBackups } from './list.ts'
import type { BackupPolicy, Policies } from './policy.ts'
import { compare, type Promised, promisesOf } from './promises.ts'

export interface SeenList extends Listed {
  readonly domain: Domain
  /** Whether the store could be read; where not, the rest is empty. */
  readonly isVisible: boolean
}

export interface SeenBackups {
  /** Of every file, in the order of the files. */
  lists(): Promise<readonly SeenList[]>
  promises(): Promise<readonly Promised[]>
}

const KEPT_MS = 2_000
const WAIT_MS = 10_000

export function seeBackups(policies: () => Policies, now: () => Date, waitMs = WAIT_MS): SeenBackups {
  const each = <T>(read: (domain: Domain) => Promise<T>, unseen: (domain: Domain) => T) =>
    kept(() => Promise.all(DOMAINS.map((domain) => within(waitMs, read(domain), () => unseen(domain)))), now)
  const unseen = (domain: Domain): SeenList => ({ domain, isVisible: false, backups: [], drills: [], findings: [] })
  return {
    lists: each(
      async (domain) => ({ domain, isVisible: true, ...(await listBackups(policies()[domain])) }),
      (domain) => unseen(domain),
    ),
    promises: each(
      async (domain) => {
        const [promised] = await promisesOf(policies(), now(), [domain])
        if (!promised) throw new Error(`${domain} has no policy`)
        return promised
      },
      (domain) => outOfReach(policies()[domain], now()),
    ),
  }
}

function outOfReach(policy: BackupPolicy, now: Date): Promised {
  const { domain } = policy
  const message = `The store of ${domain}.db's backups did not answer`
  const nothing = compare(policy, { backups: [], drills: [], findings: [] }, { history: [] }, now)
  return { ...nothing, alarms: [{ domain, code: 'out-of-reach', message }] }
}

/** A store that fails, or is late, is not seen. */
async function within<T>(waitMs: number, read: Promise<T>, unseen: () => T): Promise<T> {
  const late = Promise.withResolvers<T>()
  const timer = setTimeout(() => late.resolve(unseen()), waitMs)
  try {
    return await Promise.race([read.catch(unseen), late.promise])
  } finally {
    clearTimeout(timer)
  }
}

/** Those who ask at about the same time get the same answer. */
function kept<T>(ask: () => Promise<T>, now: () => Date): () => Promise<T> {
  let last: { readonly answer: Promise<T>; endedAt: number | undefined } | undefined
  return () => {
    const at = now().getTime()
    if (last && (last.endedAt === undefined || at - last.endedAt < KEPT_MS)) return last.answer
    const asked = { answer: ask(), endedAt: undefined as number | undefined }
    const ended = () => {
      asked.endedAt = now().getTime()
    }
    asked.answer.then(ended, ended)
    last = asked
    return asked.answer
  }
}
