// What was taken back since the backup opens no door again: keys and sessions stay revoked, login tokens stay used.
import type { Rows, Tx } from '../../database/rows.ts'
import { type Around, counted, type Findings } from './marks.ts'

/** For identity.db. Where the old file cannot say what was taken back, sessions and login tokens end; keys are named. */
export function keepRevoked(around: Around, found: Findings): void {
  const tx = around.tx as unknown as Tx<'identity'>
  const old = around.old as unknown as Rows<'identity'> | undefined
  const now = around.sources.now()
  for (const { id } of tx.list('Session', { revokedAt: null })) {
    const before = old?.find('Session', { id })
    if (before && before.revokedAt === null) continue
    tx.update('Session', { id }, { revokedAt: before?.revokedAt ?? now })
    counted(found, 'sessions ended again')
  }
  for (const { id } of tx.list('LoginToken', { used: false })) {
    if (old?.find('LoginToken', { id })?.used === false) continue
    tx.update('LoginToken', { id }, { used: true })
    counted(found, 'login tokens used up')
  }
  for (const { id } of tx.list('ApiKey', { revokedAt: null }, 'id')) {
    if (!old) {
      const why =
        'it may have been revoked since the backup, which nobody can tell: revoke it unless it is known to be good'
      found.unresolved.push({ file: 'identity', table: 'ApiKey', id, why })
      continue
    }
    const before = old.find('ApiKey', { id })
    if (before && before.revokedAt === null) continue
    tx.update('ApiKey', { id }, { revokedAt: before?.revokedAt ?? now })
    counted(found, 'keys revoked again')
  }
}
