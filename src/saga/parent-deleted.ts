// Whoever deletes a row that others name calls this in the same transaction: links of the same file are followed at once,
// those of other files by messages, which the next sweep delivers where this process dies first.
import { hash } from 'node:crypto'
import type { Domain } from '../database/domains.ts'
import type { Tx } from '../database/rows.ts'
import { applyLinkPolicies, filesThatFollow } from './link-policies.ts'
import type { MessageType, Post } from './messages.ts'

/** A message carries so many ids at most. */
const IDS = 200

interface Posting {
  post<T extends MessageType>(message: Post<T>): void
}

/** `ids`: the rows of `model`, in the file of the transaction, that it deletes. */
export function postParentDeleted(
  tx: Tx,
  { model, ids }: { readonly model: string; readonly ids: readonly string[] },
  begin: Posting,
): void {
  const { domain } = tx
  for (let at = 0; at < ids.length; at += IDS) {
    const parents = { domain, model, ids: ids.slice(at, at + IDS) }
    applyLinkPolicies(tx, parents)
    for (const target of filesThatFollow(parents)) {
      if (target !== domain) begin.post(messageOf(target, parents))
    }
  }
}

function messageOf(target: Domain, parents: { domain: Domain; model: string; ids: string[] }) {
  const { domain, model, ids } = parents
  const [first = ''] = ids
  const who = ids.length === 1 ? first : hash('sha256', JSON.stringify(ids), 'hex').slice(0, 32)
  // A person's messages go in their order: what opened something for them comes before what closes it.
  const subjectId = domain === 'identity' && ids.length === 1 ? first : null
  return { type: `parent-deleted-${target}` as const, what: `${domain}.${model}:${who}`, subjectId, payload: parents }
}
