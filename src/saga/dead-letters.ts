// What operations staff do with messages that were not delivered: look, try again, give up.
import { type Files, rowsIn } from '../database/clients.ts'
import { DOMAINS, type Domain } from '../database/domains.ts'
import type { OutboxRow } from '../database/outbox.ts'
import { ConflictError, NotFoundError, UnavailableError } from '../errors.ts'
import type { Answer } from './changes.ts'
import { refuse } from './delivery.ts'
import { isMessageType, MESSAGES } from './messages.ts'
import type { Asked } from './requests.ts'
import type { Sagas } from './sagas.ts'

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

export const OUTCOMES = ['settled', 'waiting', 'dead'] as const
/** `settled`: it took effect, or was refused and sent back; `waiting`: it is tried again; `dead`: no more. */
export type RetryOutcome = (typeof OUTCOMES)[number]

export type Retried = Undelivered & { readonly outcome: RetryOutcome }

/** The message is due at once, as if it were new; delivers what waits for its subject. Throws NotFoundError. */
export async function retryMessage(sagas: Sagas, id: string, asked: Asked): Promise<Answer<Retried>> {
  const { files, changes, courier, now } = sagas
  const origin = originOf(sagas, id, asked)
  const answer = await changes.begin(origin, asked, {
    write(tx) {
      tx.update('OutboxMessage', { id }, { attempts: 0, deadAt: null, nextAttemptAt: now() })
      const row = tx.find('OutboxMessage', { id })
      if (!row) throw gone()
      return { data: { ...shown(origin, row), outcome: 'waiting' as RetryOutcome } }
    },
  })
  if (answer.repeated) return answer
  await courier.deliver(origin, answer.data)
  return await changes.amend(origin, answer, outcomeOf(files, answer.data))
}

function outcomeOf(files: Files, message: Retried): Retried {
  // The mark says more than the outbox, which is tidied up a little later.
  const { id, origin, target } = message
  if (rowsIn(files, target as Domain).find('InboxMessage', { id })) return { ...message, outcome: 'settled' }
  const row = rowsIn(files, origin).find('OutboxMessage', { id })
  return row ? { ...shown(origin, row), outcome: row.deadAt ? 'dead' : 'waiting' } : message
}

/**
 * Gives a dead message up: its effect will never come. What it was to carry on is taken back where it has a compensation; the
 * admin log says who gave it up (`by`: an API key's id, or a word). Throws NotFoundError; ConflictError for one that is still
 * tried, and for one whose effect was promised with its change.
 */
export async function dropMessage(sagas: Sagas, id: string, by: string, asked: Asked): Promise<Answer<Undelivered>> {
  const { files, changes, courier } = sagas
  const origin = originOf(sagas, id, asked)
  const answer = await changes.begin(origin, asked, {
    prepare: () => takeBack(sagas, requireDroppable(rowsIn(files, origin).find('OutboxMessage', { id }))),
    write(tx, begin) {
      const row = requireDroppable(tx.find('OutboxMessage', { id }))
      tx.remove('OutboxMessage', { id })
      const { type, target, subjectId } = row
      const entry = { adminId: 'operations', action: 'message_dropped', targetUser: subjectId, targetId: id } as const
      const payload = { logId: begin.newId(), ...entry, meta: { type, target, by } }
      begin.post({ type: 'admin-acted', what: payload.logId, subjectId: null, payload })
      return { data: shown(origin, row) }
    },
  })
  if (!answer.repeated) await courier.deliver(answer.data.target as Domain, answer.data)
  return answer
}

/** The message that a retry or a drop would be about; throws what that would throw before it changes anything. */
export function previewMessage({ files }: Pick<Sagas, 'files'>, id: string, step: 'retry' | 'drop'): Undelivered {
  for (const origin of DOMAINS) {
    const row = rowsIn(files, origin).find('OutboxMessage', { id })
    if (row) return shown(origin, step === 'drop' ? requireDroppable(row) : row)
  }
  throw gone()
}

function requireDroppable(row: OutboxRow | undefined): OutboxRow {
  if (!row) throw gone()
  if (row.deadAt === null)
    throw new ConflictError('This message is not dead: it is still tried', {
      hint: 'Only a dead message can be dropped; look at its reason first.',
    })
  if (isPromised(row))
    throw new ConflictError('What this message carries was promised with its change: it cannot be given up', {
      hint: 'Remove what keeps it, which its reason names, and retry it.',
    })
  return row
}

/** A message that nobody can read will never arrive, whatever was promised. */
const isPromised = ({ type, payload }: OutboxRow): boolean =>
  isMessageType(type) &&
  MESSAGES[type].mustArrive === true &&
  MESSAGES[type].payload.safeParse(JSON.parse(payload)).success

/** The compensation goes back, and a mark keeps the message from taking effect later. Throws UnavailableError. */
async function takeBack(sagas: Sagas, row: OutboxRow): Promise<void> {
  if (!isMessageType(row.type) || !MESSAGES[row.type].compensation) return
  const { files, reached } = sagas
  const outcome = await refuse({ files, sources: sagas, reached }, row, 'It was given up by operations')
  if ('reason' in outcome) throw new UnavailableError(`${row.target}.db cannot be written, so nothing was given up`)
}

/** The file whose outbox it lies in, or lay in when the same request was answered. */
function originOf({ files, changes }: Sagas, id: string, asked: Asked): Domain {
  const home = changes.homeOf(asked)
  return home ?? findMessage(files, id).origin
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
