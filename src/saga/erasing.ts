// One file's part of an erasure: the tombstone, what the policies of links say, and in identity.db everything personal. The
// saga, its messages and restores of older backups all come here, so that each of them erases the same.
import type { Domain } from '../database/domains.ts'
import type { Rows, Tx } from '../database/rows.ts'
import { type Erased, type TakenValues, takeOut } from '../identity/erasure.ts'
import { type Address, addressesOf } from '../identity/former-addresses.ts'
import { type From, lookForTraces, noTraces, type Traces } from '../identity/traces.ts'
import { collectElsewhere } from './elsewhere.ts'
import { applyLinkPolicies } from './link-policies.ts'

export interface FilePart {
  /** Also for subjects of whom the file knew nothing. */
  readonly rows: readonly Erased[]
  /** Of identity.db alone. */
  readonly values: TakenValues
}

/** In billing.db and admin.db: the tombstone, and the links. Idempotent. */
export function eraseIn(tx: Tx, ids: readonly string[], erasedAt: Date): readonly Erased[] {
  for (const subjectId of ids) bury(tx, subjectId, erasedAt)
  const rows: Erased[] = []
  applyLinkPolicies(tx, { domain: 'identity', model: 'User', ids }, ({ table, policy, rows: count }) => {
    if (count > 0) rows.push({ table, action: policy === 'delete' ? 'deleted' : 'emptied', rows: count })
  })
  return rows
}

/** Whether there was none before. */
export function bury(tx: Tx, subjectId: string, erasedAt: Date): boolean {
  if (tx.find('Tombstone', { subjectId })) return false
  tx.insert('Tombstone', { subjectId, erasedAt })
  return true
}

export interface Known {
  /** What was looked for before, and up to which rows; looked for here where it is not given. */
  readonly traces?: Traces
  readonly from?: From
  /** Whatever other files can be read. */
  readonly others: readonly Rows<Domain>[]
}

/** In identity.db: everything, the tombstone included. Idempotent. */
export function eraseInIdentity(
  tx: Tx<'identity'>,
  ids: readonly string[],
  erasedAt: Date,
  { traces, from, others }: Known,
): FilePart {
  const isAdministrator = ids.some((id) => {
    const user = tx.find('User', { id })
    return user !== undefined && (user.isAdmin || user.isServiceAdmin)
  })
  const addresses = addressesOf(tx, ids)
  const any = tx as unknown as Tx
  const taken = takeOut(tx, {
    ids,
    addresses,
    traces: completed(tx, addresses, traces, from),
    elsewhere: collectElsewhere([...others, any], { ids, isAdministrator }),
  })
  return { rows: [...taken.rows, ...eraseIn(any, ids, erasedAt)], values: taken.values }
}

/** What came since, or everything where an address came that nobody looked for. */
function completed(
  tx: Tx<'identity'>,
  addresses: readonly Address[],
  traces: Traces | undefined,
  from: From | undefined,
): Traces {
  const keys = addresses.map(({ key }) => key)
  const isKnown = traces !== undefined && keys.every((key) => traces.keys.has(key))
  const looked = isKnown ? traces : noTraces(keys)
  lookForTraces(tx, looked, isKnown ? from : undefined)
  return looked
}
