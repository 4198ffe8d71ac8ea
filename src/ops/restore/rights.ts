// What people asked for since the backup still holds after a restore: restrictions and objections (POPIA sections 11(3) and
// 14(6)) and corrections of an address (section 24). Where nobody can tell any more, a restriction holds.
import type { RowOf, Rows, Tx } from '../../database/rows.ts'
import { findSubject } from '../../identity/contacts.ts'
import { moveToAddress } from '../../identity/corrections.ts'
import { emailKey } from '../../identity/emails.ts'
import { CORRECTED } from '../../identity/former-addresses.ts'
import { type Around, again, counted, type Findings, isErased } from './marks.ts'

type Restriction = RowOf<'identity', 'Restriction'>
type Correction = RowOf<'identity', 'Correction'>

/** For billing.db: charges stop for whom identity.db says, and for nobody else. */
export function keepRestricted(around: Around, found: Findings): void {
  const tx = around.tx as unknown as Tx<'billing'>
  const wanted = restrictedNow(around)
  if (!wanted) return
  const there = new Set(subjectsOf(tx))
  for (const subjectId of wanted.difference(there)) {
    if (isErased(around, subjectId)) continue
    tx.insert('RestrictedSubject', { subjectId, createdAt: around.sources.now() })
    counted(found, 'restrictions kept')
  }
  for (const subjectId of there.difference(wanted)) {
    tx.remove('RestrictedSubject', { subjectId })
    counted(found, 'restrictions lifted again')
  }
}

/** Undefined where neither identity.db nor the old billing.db can be read. */
function restrictedNow({ identity, old }: Around): Set<string> | undefined {
  if (identity) return new Set(identity.list('Restriction', { liftedAt: null }).map(({ subjectId }) => subjectId))
  return old && new Set(subjectsOf(old as unknown as Rows<'billing'>))
}

const subjectsOf = (billing: Rows<'billing'>): readonly string[] =>
  billing.list('RestrictedSubject', {}).map(({ subjectId }) => subjectId)

/** For identity.db, after erasures were replayed. */
export function keepRights(around: Around, found: Findings): void {
  const tx = around.tx as unknown as Tx<'identity'>
  const old = around.old as unknown as Rows<'identity'> | undefined
  if (old) {
    for (const row of old.list('Restriction', {}, 'createdAt, id')) keepRestriction(around, tx, row, found)
    const lost = old
      .list('Correction', {}, 'createdAt, id')
      .filter(({ id, subjectId }) => !tx.find('Correction', { id }) && isSomebody(tx, subjectId))
    for (const row of lost) keepCorrection(tx, row, found)
    const moved = lost.filter(({ outcome }) => outcome === CORRECTED).map(({ subjectId }) => subjectId)
    for (const subjectId of new Set(moved)) keepAddress(around, { tx, old }, subjectId, found)
  }
  agreeWithBilling(around, tx, found)
}

function keepRestriction(around: Around, tx: Tx<'identity'>, row: Restriction, found: Findings): void {
  const { id, subjectId, liftedAt } = row
  if (isErased(around, subjectId) || !isSomebody(tx, subjectId)) return
  const there = tx.find('Restriction', { id })
  if (!there) {
    tx.insert('Restriction', row)
    counted(found, liftedAt ? 'lifted restrictions kept on record' : 'restrictions kept')
  } else if (liftedAt && !there.liftedAt) {
    tx.update('Restriction', { id }, { liftedAt })
    counted(found, 'restrictions lifted again')
  }
}

function keepCorrection(tx: Tx<'identity'>, row: Correction, found: Findings): void {
  tx.insert('Correction', row)
  counted(found, 'corrections kept')
}

/** The address that the old file had in the end, whatever corrections led there. */
function keepAddress(
  around: Around,
  { tx, old }: { readonly tx: Tx<'identity'>; readonly old: Rows<'identity'> },
  subjectId: string,
  found: Findings,
): void {
  const [is, wanted] = [addressOf(tx, subjectId), addressOf(old, subjectId)]
  if (is === undefined || wanted === undefined || emailKey(is) === emailKey(wanted)) return
  if (findSubject(tx, emailKey(wanted)) === undefined) {
    moveToAddress(tx, { subjectId, email: wanted }, around.sources)
    counted(found, 'addresses corrected again')
    return
  }
  const why = 'a correction of this address is on record, and somebody else has the new one: correct one of the two'
  found.unresolved.push({ file: 'identity', table: 'Correction', id: subjectId, why })
}

/** Without the old file billing.db says whom nothing is charged for. */
function agreeWithBilling(around: Around, tx: Tx<'identity'>, found: Findings): void {
  const { billing, takenAt, sources } = around
  if (!billing) return
  const there = new Set(subjectsOf(billing))
  const open = Map.groupBy(tx.list('Restriction', { liftedAt: null }, 'createdAt, id'), ({ subjectId }) => subjectId)
  for (const subjectId of there.difference(open)) {
    if (isErased(around, subjectId) || !isSomebody(tx, subjectId)) continue
    const note = 'Known from billing.db after a restore: what the person said is lost.'
    const row = { id: sources.newId(), subjectId, kind: 'restricted', note, createdAt: sources.now(), liftedAt: null }
    tx.insert('Restriction', row)
    counted(found, 'restrictions kept')
  }
  for (const [subjectId, rows] of open) {
    if (there.has(subjectId)) continue
    const [first] = rows
    const what = `${first?.id ?? subjectId}:${takenAt.getTime()}`
    again(found, tx, { type: 'subject-restricted', what, subjectId, payload: { userId: subjectId } })
    const why = 'billing.db knew of no restriction any more: it holds again, lift it where the person agreed to that'
    found.unresolved.push({ file: 'identity', table: 'Restriction', id: first?.id ?? subjectId, why })
  }
}

const addressOf = (rows: Rows<'identity'>, id: string): string | undefined =>
  (rows.find('User', { id }) ?? rows.find('Contact', { id }))?.email

const isSomebody = (rows: Rows<'identity'>, id: string): boolean => addressOf(rows, id) !== undefined
