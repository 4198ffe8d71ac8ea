// The record of who read whose personal information. A row is on disk before the answer leaves; rows of requests that
// come in while one is written go together in the next write, so that the record costs a busy server little.
import { timeText } from '../database/row-codec.ts'
import type { PrismaClient } from '../generated/identity/client.ts'

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
}

export interface AccessSources {
  readonly now: () => Date
  readonly newId: () => string
  /** What stands for a row of another table → the subject id; see subjects.ts. Nothing is changed when absent. */
  readonly subjectsOf?: (entries: readonly string[]) => readonly string[]
}

/** Resolves when the row is written; rejects with UnavailableError where it could not be, and then nothing may be answered. */
export type RecordAccess = (access: Access) => Promise<void>

/** A row in the order of the insert's columns. */
type Row = readonly [
  id: string,
  apiKeyId: string,
  route: string,
  fields: string,
  subjects: string,
  requestId: string,
  createdAt: string,
]

interface Batch {
  readonly rows: Row[]
  readonly written: Promise<void>
}

export function accessRecorder(client: PrismaClient, { now, newId, subjectsOf }: AccessSources): RecordAccess {
  let last: Promise<unknown> = Promise.resolve()
  let open: Batch | undefined

  function begin(): Batch {
    const rows: Row[] = []
    const written = last.then(async () => {
      await turnOfLoop() // Requests that lie ready on other connections join this write.
      open = undefined
      await insert(client, rows)
    })
    last = written.catch(() => undefined) // Whoever waits for this batch hears of it; the next one is tried anyway.
    return { rows, written }
  }

  return ({ apiKeyId, route, fields, subjects, requestId }) => {
    const people = subjectsOf ? subjectsOf(subjects) : subjects
    open ??= begin()
    const time = timeText(now())
    open.rows.push([newId(), apiKeyId, route, fields.join(' '), JSON.stringify(people), requestId, time])
    return open.written
  }
}

const turnOfLoop = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

// One statement whatever the number of rows, so that it is prepared once: a third of createMany's time.
async function insert(client: PrismaClient, rows: readonly Row[]): Promise<void> {
  await client.$executeRaw`
    insert into "AccessLog" (id, apiKeyId, route, fields, subjects, requestId, createdAt)
    select value->>0, value->>1, value->>2, value->>3, value->>4, value->>5, value->>6
    from json_each(${JSON.stringify(rows)})`
}

export interface AccessRecord extends Access {
  readonly id: string
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
