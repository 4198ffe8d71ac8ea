// The record of who read whose personal information. A row is committed before the answer leaves, and outlives the end of the
// process; a power cut may take the last moments, since identity.db syncs its log with the next checkpoint or signed head. Rows of
// requests that come in while one is written go together in the next write, so that the record costs a busy server little.
import type { NewRow, RowOf, Tx } from '../database/rows.ts'
import type { PrismaClient } from '../generated/identity/client.ts'
import type { PurposeId } from './purposes.ts'

/** One answer that showed personal information, or was chosen or ordered by it. */
export interface Access {
  readonly apiKeyId: string
  /** The route's pattern, such as `GET /v1/users/:id`: never the URL, which may hold what was searched for. */
  readonly route: string
  /** Fields that were shown, filtered or sorted by, such as `users.email`. */
  readonly fields: readonly string[]
  /** Subject ids of the people whose information was in the answer; `<resource>:<id>` of a row of nobody known. */
  readonly subjects: readonly string[]
  readonly requestId: string
  readonly purpose: PurposeId
}

export interface AccessSources {
  readonly now: () => Date
  readonly newId: () => string
  /** What stands for a row of another table → the subject id; see subjects.ts. Nothing is changed when absent. */
  readonly subjectsOf?: (entries: readonly string[]) => readonly string[]
}

/** Resolves when the row is written; rejects with UnavailableError where it could not be, and then nothing may be answered. */
export type RecordAccess = (access: Access) => Promise<void>

type Row = NewRow<RowOf<'identity', 'AccessLog'>>

interface Batch {
  readonly rows: Row[]
  readonly written: Promise<void>
}

/** `change` writes to identity.db, as a change of its own. */
export function accessRecorder(
  change: (work: (tx: Tx<'identity'>) => void) => Promise<void>,
  { now, newId, subjectsOf }: AccessSources,
): RecordAccess {
  let last: Promise<unknown> = Promise.resolve()
  let open: Batch | undefined

  function begin(): Batch {
    const rows: Row[] = []
    const written = last.then(async () => {
      await turnOfLoop() // Requests that lie ready on other connections join this write.
      open = undefined
      await change((tx) => tx.insertAll('AccessLog', rows))
    })
    last = written.catch(() => undefined) // Whoever waits for this batch hears of it; the next one is tried anyway.
    return { rows, written }
  }

  return ({ fields, subjects, ...access }) => {
    const people = subjectsOf ? subjectsOf(subjects) : subjects
    open ??= begin()
    open.rows.push({
      id: newId(),
      ...access,
      fields: fields.join(' '),
      subjects: JSON.stringify(people),
      createdAt: now(),
    })
    return open.written
  }
}

const turnOfLoop = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

export interface AccessRecord extends Omit<Access, 'purpose'> {
  readonly id: string
  /** An id of the register, also one that it had before; null from before there was a register. */
  readonly purpose: string | null
  readonly createdAt: Date
}

/** Newest first, at most `limit`. */
export async function listAccesses(
  client: PrismaClient,
  { limit }: { limit: number },
): Promise<readonly AccessRecord[]> {
  const rows = await client.accessLog.findMany({ orderBy: [{ createdAt: 'desc' }, { id: 'asc' }], take: limit })
  return rows.map(({ fields, subjects, ...rest }) => ({
    ...rest,
    fields: fields.split(' ').filter(Boolean),
    subjects: JSON.parse(subjects) as string[],
  }))
}
