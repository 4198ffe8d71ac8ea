// Takes personal information out of text and keeps it in identity.db.
import { quote } from '../database/catalog.ts'
import type { Connection } from '../database/connections.ts'
import type { PiiSpan } from '../pii/find.ts'
import { detach, reattach } from '../pii/tokens.ts'
import { DETACHED } from './layout.ts'

export interface Detached {
  readonly text: string
  /** Whether merge's rule gives back the text to the byte. */
  readonly exact: boolean
}

/** `place` is `billing.SubscriptionEvent.meta`, `rowId` the id of its row. */
export type DetachInto = (text: string, spans: readonly PiiSpan[], place: string, rowId: string) => Detached

export function detacher(identity: Connection, randomId: () => string, now: string): DetachInto {
  const insert = identity.prepare(
    `insert into ${quote(DETACHED.name)} (id, kind, raw, value, bare, place, "rowId", "createdAt")
     values (?, ?, ?, ?, ?, ?, ?, ?)`,
  )
  return (text, spans, place, rowId) => {
    const taken = new Map<string, { raw: string; bare: boolean }>()
    const detached = detach(text, spans, ({ kind, value, bare }, raw) => {
      const id = randomId()
      insert.run(id, kind, raw, value, bare ? 1 : 0, place, rowId, now)
      taken.set(id, { raw, bare })
      return id
    })
    return { text: detached, exact: reattach(detached, (id) => taken.get(id)) === text }
  }
}

/** merge's rule for text: each known token gives back what it stands for. */
export function attacher(identity: Connection): (text: string) => string {
  const find = identity.prepare<[string], { raw: string; bare: number }>(
    `select raw, bare from ${quote(DETACHED.name)} where id = ?`,
  )
  const rawOf = (id: string) => {
    const found = find.get(id)
    return found && { raw: found.raw, bare: found.bare === 1 }
  }
  return (text) => reattach(text, rawOf)
}
