// Checks a backup as a restore would find it: fetched whole, opened, and compared with everything that its manifest says.
// The result lies beside it. Full integrity_check, which compares every index with its table.
import { FileError, NotFoundError } from '../../errors.ts'
import { checkDatabase } from './check-database.ts'
import { fetchBackup } from './fetch.ts'
import type { Backup } from './list.ts'
import { openStore } from './open-store.ts'
import type { BackupPolicy } from './policy.ts'
import type { OnProgress, Sources, Verification } from './types.ts'
import { openWorkFolder } from './work-folder.ts'

export interface VerifyOptions {
  readonly policy: BackupPolicy
  readonly backup: Pick<Backup, 'manifest'>
  readonly sources: Pick<Sources, 'now'>
  readonly signal?: AbortSignal | undefined
  readonly progress?: OnProgress | undefined
}

/**
 * Never throws because of the backup: what is wrong with it are `findings`. Throws where nothing can be said about it: no
 * key, the bucket out of reach, the disk full.
 */
export async function verifyBackup(options: VerifyOptions): Promise<Verification> {
  const { policy, sources } = options
  const { manifest } = options.backup
  using work = openWorkFolder(policy, 'check')
  const began = sources.now()
  const findings = await findingsOf(options, work.file('check.db'))
  const at = sources.now()
  const tookMs = at.getTime() - began.getTime()
  const result = { backupId: manifest.id, at: at.toISOString(), tookMs, passed: findings.length === 0, findings }
  await recordVerification(policy, result)
  return result
}

/** Lies beside the archive; the next check replaces it. */
export async function recordVerification(policy: BackupPolicy, result: Verification): Promise<void> {
  using store = openStore(policy.target)
  await store.putText(`${result.backupId}.verified.json`, `${JSON.stringify(result, undefined, 2)}\n`)
}

async function findingsOf({ policy, backup, signal, progress }: VerifyOptions, target: string): Promise<string[]> {
  const { manifest } = backup
  try {
    await fetchBackup({ policy, manifest, target, signal, progress })
    progress?.('check', 0, manifest.bytes.plain)
    const findings = await checkDatabase(target, manifest, signal)
    progress?.('check', manifest.bytes.plain, manifest.bytes.plain)
    return findings
  } catch (error) {
    if (error instanceof FileError || error instanceof NotFoundError) return [error.message]
    throw error
  }
}
