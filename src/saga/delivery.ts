// One try to deliver one message: its effect and its inbox mark in one transaction of the target, or the compensation that
// goes back, in one as well. Whoever tries again finds the mark.

import { changeIn, type Files } from '../database/clients.ts'
import type { Domain } from '../database/domains.ts'
import { type OutboxRow, postMessage } from '../database/outbox.ts'
import type { Tx } from '../database/rows.ts'
import { GoggaError, withoutPaths } from '../errors.ts'
import { masked } from '../pii/find-all.ts'
import { type Handled, isMessageType, MESSAGES, type MessageType, type Post, post } from './messages.ts'
import type { Reached, SagaSources } from './sources.ts'

export type Outcome =
  /**
   * `delivered`: it took effect, now or before; `compensated`: it was refused, and its compensation is on the way.
   * `goesOn`: messages may follow from it in the target's outbox, also such as another process left there.
   */
  | { readonly is: 'delivered'; readonly goesOn: boolean }
  | { readonly is: 'compensated' }
  /** `dead`: no try will help. */
  | { readonly is: 'dead' | 'failed'; readonly reason: string }

export interface Carrier {
  readonly files: Files
  readonly sources: SagaSources
  readonly reached: Reached
}

/** Never rejects. */
export async function attempt(carrier: Carrier, row: OutboxRow): Promise<Outcome> {
  if (!isMessageType(row.type)) return { is: 'dead', reason: `no handler for ${row.type}` }
  carrier.reached(`${row.type}:before-delivery`)
  try {
    await handle(carrier, row, row.type)
    carrier.reached(`${row.type}:delivered`)
    return { is: 'delivered', goesOn: followsOf(row.type).length > 0 }
  } catch (error) {
    if (!isRefusal(error)) return { is: 'failed', reason: reasonOf(error) }
    return await refuse(carrier, row, masked((error as GoggaError).message))
  }
}

/**
 * Ends a message for good that could not be handled: its mark keeps it from taking effect later, its compensation goes
 * back. `dead` where it has none; `failed` where the target cannot be written even for that.
 */
export async function refuse({ files, sources, reached }: Carrier, row: OutboxRow, reason: string): Promise<Outcome> {
  const compensation = isMessageType(row.type) ? compensationOf(row.type) : undefined
  if (!compensation || !isMessageType(compensation)) return { is: 'dead', reason }
  const { target } = MESSAGES[compensation]
  const [, what] = split(row.id)
  try {
    await changeIn(files, row.target as Domain, (tx) => {
      if (tx.find('InboxMessage', { id: row.id })) return
      const { subjectId, changeId } = row
      const payload = JSON.stringify({ ...JSON.parse(row.payload), reason })
      const back = { id: `${compensation}:${what}`, type: compensation, target, subjectId, payload, changeId }
      postMessage(tx, back, sources.now())
      markReceived(tx, row, sources)
    })
    reached(`${row.type}:refused`)
    return { is: 'compensated' }
  } catch (error) {
    return { is: 'failed', reason: reasonOf(error) }
  }
}

async function handle({ files, sources }: Carrier, row: OutboxRow, type: MessageType): Promise<void> {
  const { target, payload, run } = MESSAGES[type]
  const parsed = payload.safeParse(JSON.parse(row.payload))
  if (!parsed.success) throw new GoggaError('payload', 500, 1, 'the payload does not fit its schema')
  await changeIn(files, target, (tx) => {
    if (tx.find('InboxMessage', { id: row.id })) return
    const handled = handling(tx, row, type, sources)
    // The table gives each type its own target and payload; here it is any of them.
    ;(run as (tx: Tx, payload: unknown, handled: Handled) => void)(tx, parsed.data, handled)
    markReceived(tx, row, sources)
  })
}

const handling = (tx: Tx, { id, changeId }: OutboxRow, type: MessageType, sources: SagaSources): Handled => ({
  ...sources,
  messageId: id,
  changeId,
  post(message) {
    if (!followsOf(type).includes(message.type)) throw new Error(`${message.type} is not declared to follow ${type}`)
    post(tx, message as Post<MessageType>, changeId, sources.now())
  },
})

function markReceived(tx: Tx, { id, type }: OutboxRow, { now }: SagaSources): void {
  tx.insert('InboxMessage', { id, type, receivedAt: now() })
}

const followsOf = (type: MessageType): readonly string[] => MESSAGES[type].follows ?? []

const compensationOf = (type: MessageType): string | undefined => MESSAGES[type].compensation

/** The state does not allow it, and will not by itself. */
const isRefusal = (error: unknown): boolean => error instanceof GoggaError && [404, 409].includes(error.status)

/** Words of ours only, since a driver's could hold values; where the files lie is left out. */
const reasonOf = (error: unknown): string =>
  error instanceof GoggaError
    ? `${error.code}: ${masked(withoutPaths(error.message))}`.slice(0, 300)
    : `internal: ${nameOf(error)}`

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : typeof error)

function split(id: string): readonly [type: string, what: string] {
  const at = id.indexOf(':')
  return [id.slice(0, at), id.slice(at + 1)]
}
