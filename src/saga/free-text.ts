// Text that people write on its way to billing.db or admin.db: personal information stays in identity.db, which is written
// first. A token that no row holds, since the change then failed, says nothing of anybody.
import { detachText } from '../identity/detached-values.ts'
import { findAll } from '../pii/find-all.ts'
import type { Sagas } from './sagas.ts'

/** `place` is such as `admin.Voucher.voidReason`, `rowId` the id of its row. */
export async function detached(
  { files, onDetached, ...sources }: Sagas,
  text: string,
  place: string,
  rowId: string,
): Promise<string> {
  const spans = findAll(text)
  if (spans.length === 0) return text
  const clean = await files.identity.change((tx) => detachText(tx, { text, place, rowId }, sources))
  onDetached(spans.map(({ kind }) => ({ place, kind })))
  return clean
}
