// Text that people write on its way to billing.db or admin.db: personal information stays in identity.db, which is written
// first. A token that no row holds, since the change then failed, says nothing of anybody.
import { detachText, needsDetaching } from '../identity/detached-values.ts'
import type { Sagas } from './sagas.ts'

/** `place` is such as `admin.Voucher.voidReason`, `rowId` the id of its row. */
export async function detached(
  { files, ...sources }: Sagas,
  text: string,
  place: string,
  rowId: string,
): Promise<string> {
  if (!needsDetaching(text)) return text
  return await files.identity.change((tx) => detachText(tx, { text, place, rowId }, sources))
}
