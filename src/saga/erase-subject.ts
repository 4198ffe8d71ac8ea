// A person is erased (POPIA sections 14 and 24) where what is personal lies, in one transaction of identity.db: everything of
// theirs, the tombstone, and a message for each other file, which bury them there and follow the policies of links. Whatever
// of theirs is still on its way finds the tombstone and makes nothing anew; money that arrives is recorded.
import { rowsIn } from '../database/clients.ts'
import type { Domain } from '../database/domains.ts'
import type { Rows, Tx } from '../database/rows.ts'
import { ConflictError } from '../errors.ts'
import { emailKey } from '../identity/emails.ts'
import type { Erased, TakenValues } from '../identity/erasure.ts'
import { addressesOf, contactsWith } from '../identity/former-addresses.ts'
import { requireSubject } from '../identity/restrictions.ts'
import { keepTaken } from '../identity/taken-values.ts'
import { endOf, looking, noTraces, spellingsIn } from '../identity/traces.ts'
import { requireAnotherServiceAdmin } from '../identity/users.ts'
import type { Answer, Begin } from './changes.ts'
import { eraseInIdentity, type Known } from './erasing.ts'
import { countLinkedRows, type Followed } from './link-policies.ts'
import type { Asked } from './requests.ts'
import type { Sagas } from './sagas.ts'

export interface SubjectErased {
  readonly erasureId: string
  readonly subjectId: string
  /** Those of a contact with the same address included. */
  readonly ids: readonly string[]
}

export interface ErasureBegun extends Answer<SubjectErased> {
  /** What was taken out of identity.db; undefined where that was done before. Kept until the search begins (`takenFor`). */
  readonly values: TakenValues | undefined
}

/** What is kept with the erasure when it begins, as JSON, until its receipt takes the place. */
export interface Begun {
  readonly ids: readonly string[]
  readonly identity: readonly Erased[]
  /** Rows of the other files that named the person before. */
  readonly linked: Readonly<Record<'billing' | 'admin', readonly Followed[]>>
}

const OTHERS = ['billing', 'admin'] as const

/** Twice is once. Throws NotFoundError; ConflictError for the last service administrator, and where it isn't clear who is meant. */
export async function eraseSubject(
  sagas: Sagas,
  { subjectId, askedBy }: { readonly subjectId: string; readonly askedBy: string },
  asked: Asked,
): Promise<ErasureBegun> {
  let values: TakenValues | undefined
  const answer = await sagas.changes.begin('identity', asked, {
    prepare: () => look(sagas, subjectId),
    write(tx, begin, known) {
      if (!isThere(tx, subjectId)) {
        const again = eraseAgain(sagas, tx, { begin, subjectId, askedBy, known })
        if (again) return { data: again }
      }
      requireAllowed(sagas, tx, subjectId)
      const ids = withContacts(tx, subjectId)
      const erasedAt = begin.now()
      const linked = { billing: linksIn(sagas, 'billing', ids), admin: linksIn(sagas, 'admin', ids) }
      const { rows, values: taken } = eraseInIdentity(tx, ids, erasedAt, known)
      values = taken
      const erasureId = begin.newId()
      const receipt = JSON.stringify({ ids, identity: rows, linked } satisfies Begun)
      tx.insert('Erasure', { id: erasureId, subjectId, askedBy, startedAt: erasedAt, doneAt: null, receipt })
      keepTaken(tx, erasureId, taken, erasedAt)
      const payload = { ids: [...ids], erasedAt: erasedAt.toISOString() }
      for (const target of OTHERS) begin.post({ type: `subject-erased-${target}`, what: subjectId, subjectId, payload })
      return { data: answerOf(erasureId, subjectId, ids) }
    },
  })
  return { ...answer, values }
}

interface Again {
  readonly begin: Begin
  readonly subjectId: string
  readonly askedBy: string
  readonly known: Known
}

/**
 * Of somebody who is gone: the answer of before. A file that was put back past `gogga restore` lacks the tombstone, and may hold
 * rows of theirs: it is told again. Undefined where nobody was erased by this id, or by it as somebody's second one.
 */
function eraseAgain(sagas: Sagas, tx: Tx<'identity'>, again: Again): SubjectErased | undefined {
  const { begin, subjectId, askedBy, known } = again
  const before = tx.find('Erasure', { subjectId })
  const ids = before ? idsIn(before.receipt, subjectId) : [subjectId]
  const erasedAt = buriedAt(sagas, tx, subjectId)
  if (!erasedAt) return undefined
  const behind = OTHERS.filter((domain) => ids.some((id) => !tombstoneIn(rowsIn(sagas.files, domain), id)))
  const isBehind = ids.some((id) => !tombstoneIn(tx, id))
  if (isBehind) eraseInIdentity(tx, ids, erasedAt, known)
  for (const target of behind) {
    const type = `subject-erased-${target}` as const
    // One that waits already does it; those of before are marked as received.
    if (tx.find('OutboxMessage', { type, subjectId })) continue
    const payload = { ids: [...ids], erasedAt: erasedAt.toISOString() }
    begin.post({ type, what: `${subjectId}:${begin.changeId}`, subjectId, payload })
  }
  if (before) return answerOf(before.id, subjectId, ids)
  if (behind.length === 0 && !isBehind) return undefined
  const linked = { billing: linksIn(sagas, 'billing', ids), admin: linksIn(sagas, 'admin', ids) }
  const receipt = JSON.stringify({ ids, identity: [], linked } satisfies Begun)
  const erasureId = begin.newId()
  tx.insert('Erasure', { id: erasureId, subjectId, askedBy, startedAt: begin.now(), doneAt: null, receipt })
  return answerOf(erasureId, subjectId, ids)
}

const tombstoneIn = (rows: Rows<Domain>, subjectId: string) => rows.find('Tombstone', { subjectId })

/** Whatever file knows of it. */
const buriedAt = ({ files }: Sagas, tx: Tx<'identity'>, subjectId: string): Date | undefined =>
  [tx as Rows<'identity'> as unknown as Rows<Domain>, ...OTHERS.map((domain) => rowsIn(files, domain))]
    .map((rows) => tombstoneIn(rows, subjectId)?.erasedAt)
    .find((at) => at !== undefined)

const answerOf = (erasureId: string, subjectId: string, ids: readonly string[]): SubjectErased => ({
  erasureId,
  subjectId,
  ids,
})

const idsIn = (receipt: string | null, subjectId: string): readonly string[] =>
  receipt === null ? [subjectId] : ((JSON.parse(receipt) as Begun).ids ?? [subjectId])

const isThere = (rows: Rows<'identity'>, subjectId: string): boolean =>
  rows.find('User', { id: subjectId }) !== undefined || rows.find('Contact', { id: subjectId }) !== undefined

/** What would be done now, and nothing is. Throws as an erasure does. */
export async function foreseeErasure(sagas: Sagas, subjectId: string): Promise<Begun> {
  const known = await look(sagas, subjectId)
  const { files, now } = sagas
  const foreseen = new Foreseen()
  await files.identity
    .change((tx) => {
      requireAllowed(sagas, tx, subjectId)
      const ids = withContacts(tx, subjectId)
      const linked = { billing: linksIn(sagas, 'billing', ids), admin: linksIn(sagas, 'admin', ids) }
      foreseen.begun = { ids, identity: eraseInIdentity(tx, ids, now(), known).rows, linked }
      throw foreseen
    })
    .catch((error: unknown) => {
      if (error !== foreseen) throw error
    })
  if (!foreseen.begun) throw new Error('The preview of an erasure ended without a result')
  return foreseen.begun
}

/** Thrown to take the whole transaction back. */
class Foreseen extends Error {
  begun: Begun | undefined
}

/** Somebody whom any file names. Throws NotFoundError; ConflictError for the last service administrator. */
function requireAllowed(sagas: Sagas, rows: Rows<'identity'>, subjectId: string): void {
  if (OTHERS.every((domain) => linksIn(sagas, domain, [subjectId]).length === 0)) requireSubject(rows, subjectId)
  if (rows.find('User', { id: subjectId })?.isServiceAdmin) requireAnotherServiceAdmin(rows, subjectId)
}

/** The user or contact, and contacts with an address that is or was theirs, which are the same person. */
const withContacts = (rows: Rows<'identity'>, subjectId: string): readonly string[] => [
  ...new Set([subjectId, ...contactsWith(rows, addressesOf(rows, [subjectId]))]),
]

/** Tables without an index for addresses, read in portions so that others get their turns. */
async function look({ files }: Sagas, subjectId: string): Promise<Known> {
  const { rows } = files.identity
  const others = OTHERS.map((domain) => rowsIn(files, domain))
  const from = endOf(rows)
  if (isThere(rows, subjectId)) await requireOneAccount(rows, subjectId)
  const traces = noTraces(addressesOf(rows, [subjectId]).map(({ key }) => key))
  await inPortions(looking(rows, traces))
  return { traces, from, others }
}

async function inPortions(work: Generator<void>): Promise<void> {
  for (const _ of work) await new Promise((resolve) => setImmediate(resolve))
}

/**
 * The unified database told spellings of an email apart; here nobody new gets an address that an account has, so this need
 * not be asked again within the transaction. Throws NotFoundError, ConflictError.
 */
async function requireOneAccount(rows: Rows<'identity'>, subjectId: string): Promise<void> {
  const { kind, email } = requireSubject(rows, subjectId)
  const [key, found] = [emailKey(email), new Map<string, Set<string>>()]
  await inPortions(spellingsIn(rows, 'User', new Set([key]), found))
  const users = [...(found.get(key) ?? [])].map((spelling) => rows.find('User', { email: spelling })?.id)
  const other = users.find((id) => id !== undefined && id !== subjectId)
  if (other === undefined) return
  throw new ConflictError(`The address of this ${kind} is also that of another account`, {
    hint: kind === 'contact' ? `Erase ${other}: the contact goes with it.` : 'Correct one of the two addresses first.',
  })
}

const linksIn = ({ files }: Sagas, domain: (typeof OTHERS)[number], ids: readonly string[]): readonly Followed[] =>
  countLinkedRows(rowsIn(files, domain as Domain), { domain: 'identity', model: 'User', ids })
