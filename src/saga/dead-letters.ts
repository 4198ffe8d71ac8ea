// What operations staff do with messages that were not delivered: look, try again, give up.
import { changeIn, type Files, rowsIn } from '../database/clients.ts'
import { DOMAINS, type Domain } from '../database/domains.ts'
import type { OutboxRow } from '../database/outbox.ts'
import { ConflictError, NotFoundError } from '../errors.ts'

/** A message without what it says: ids, words and times. */
export interface Undelivered {
  readonly id: string
  readonly origin: Domain
  readonly target: string
  readonly type: string
  readonly subjectId: string | null
  readonly changeId: string | null
  readonly attempts: number
  readonly createdAt: Date
  readonly nextAttemptAt: Date
  readonly deadAt: Date | null
  readonly reason: string | null
}

export interface OutboxFilter {
  readonly origin?: Domain | undefined
  readonly dead?: boolean | undefined
  readonly limit: number
}

/** Oldest first, at most `limit` of each file. */
export function listOutbox(files: Files, { origin, dead, limit }: OutboxFilter): readonly Undelivered[] {
  const condition = dead === undefined ? '' : ` where deadAt is ${dead ? 'not null' : 'null'}`
  return DOMAINS.filter((domain) => origin === undefined || domain === origin)
    .flatMap((domain) => {
      const rows = rowsIn(files, domain)
      const sql = `select id from "OutboxMessage"${condition} order by createdAt, rowid limit (? + 0)`
      return rows
        .all<{ id: string }>(sql, limit)
        .flatMap(({ id }) => rows.find('OutboxMessage', { id }) ?? [])
        .map((row) => shown(domain, row))
    })
    .sort((one, other) => one.createdAt.getTime() - other.createdAt.getTime())
}

export interface OutboxFigures {
  readonly waiting: number
  readonly dead: number
  /** Since when the oldest waits. */
  readonly oldest: string | null
}

/** Counts of what waits and what is dead, and since when the oldest waits, by file. */
export const outboxFigures = (files: Files): Readonly<Record<Domain, OutboxFigures>> => ({
  identity: outboxOf(files, 'identity'),
  billing: outboxOf(files, 'billing'),
  admin: outboxOf(files, 'admin'),
})

export function outboxOf(files: Files, domain: Domain): OutboxFigures {
  const [row] = rowsIn(files, domain).all<OutboxFigures>(
    `select count(*) filter (where deadAt is null) as waiting, count(*) filter (where deadAt is not null) as dead,
            min(createdAt) filter (where deadAt is null) as oldest from "OutboxMessage"`,
  )
  return row ?? { waiting: 0, dead: 0, oldest: null }
}

/** The message is due at once, as if it were new. Throws NotFoundError. */
export async function retryMessage(files: Files, id: string, now: Date): Promise<Undelivered> {
  const { origin } = findMessage(files, id)
  const row = await changeIn(files, origin, (tx) => {
    tx.update('OutboxMessage', { id }, { attempts: 0, deadAt: null, nextAttemptAt: now })
    return tx.find('OutboxMessage', { id })
  })
  if (!row) throw gone()
  return shown(origin, row)
}

/** Gives a dead message up: its effect will never come. Throws NotFoundError, ConflictError for one that still is tried. */
export async function dropMessage(files: Files, id: string): Promise<Undelivered> {
  const message = findMessage(files, id)
  const dropped = await changeIn(files, message.origin, (tx) => {
    const row = tx.find('OutboxMessage', { id })
    if (row?.deadAt) tx.remove('OutboxMessage', { id })
    return row
  })
  if (!dropped) throw gone()
  if (dropped.deadAt) return shown(message.origin, dropped)
  throw new ConflictError('This message is not dead: it is still tried', {
    hint: 'Only a dead message can be dropped; look at its reason first.',
  })
}

function findMessage(files: Files, id: string): Undelivered {
  for (const domain of DOMAINS) {
    const row = rowsIn(files, domain).find('OutboxMessage', { id })
    if (row) return shown(domain, row)
  }
  throw gone()
}

const gone = () =>
  new NotFoundError('No undelivered message has this id', {
    hint: 'It may have been delivered: see "gogga outbox list".',
  })

const shown = (origin: Domain, { payload: _, ...row }: OutboxRow): Undelivered => ({ ...row, origin })
