// The address from which an administrator acted: personal, so it stands here and not beside the rest of the record.
import type { Tx } from '../database/rows.ts'

export function writeOrigin(
  tx: Tx<'identity'>,
  { adminLogId, ip }: { readonly adminLogId: string; readonly ip: string },
): void {
  tx.insert('AdminLogOrigin', { adminLogId, ip })
}

/** Whether there was one. */
export const removeOrigin = (tx: Tx<'identity'>, adminLogId: string): boolean =>
  tx.remove('AdminLogOrigin', { adminLogId }) > 0
