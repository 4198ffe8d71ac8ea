// Free text on its way to billing.db or admin.db: what it says of a person stays here, a token goes in its place. merge
// puts the text back together by the same rows that split writes.
import type { Rows, Tx } from '../database/rows.ts'
import { findAll } from '../pii/find-all.ts'
import { detach, reattach } from '../pii/tokens.ts'
import { noteAttempt } from './pii-attempts.ts'
import type { Sources } from './sources.ts'

const ID_BYTES = 16

export interface TextInPlace {
  readonly text: string
  /** Such as `admin.Voucher.voidReason`. */
  readonly place: string
  /** The id of the row there. */
  readonly rowId: string
}

/** The text with tokens, each value on record as an attempt; the same text, and nothing written, where it is clean. */
export function detachText(
  tx: Tx<'identity'>,
  { text, place, rowId }: TextInPlace,
  { now, randomBytes }: Pick<Sources, 'now' | 'randomBytes'>,
): string {
  const spans = findAll(text)
  if (spans.length === 0) return text
  const createdAt = now()
  return detach(text, spans, ({ kind, value, bare }, raw) => {
    const id = randomBytes(ID_BYTES).toString('hex')
    tx.insert('DetachedValue', { id, kind, raw, value, bare, place, rowId, createdAt })
    noteAttempt(tx, { place, kind }, 'detached', { now, randomBytes })
    return id
  })
}

/** The ids of the rows whose text in this place held the value, in whatever case. */
export const rowsThatHeld = (rows: Rows<'identity'>, place: string, value: string): readonly string[] =>
  rows
    .all<{ rowId: string }>(
      'select distinct rowId from "DetachedValue" where place = ? and value = ? collate nocase order by rowId',
      place,
      value,
    )
    .map(({ rowId }) => rowId)

/** The text as it was written, for a comparison that stays in memory: it goes nowhere else. */
export const attachText = (rows: Rows<'identity'>, text: string): string =>
  reattach(text, (id) => rows.find('DetachedValue', { id }))
