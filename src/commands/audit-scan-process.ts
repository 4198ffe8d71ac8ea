// The process that searches raw bytes, for backups too: it opens them itself, so that their bytes lie on no disk and pass through
// no other process.
import { answerScans } from '../compliance/audit/bytes/answer-scans.ts'
import { NotFoundError } from '../errors.ts'
import { readBackup } from '../ops/backup/fetch.ts'
import type { BackupPolicy } from '../ops/backup/policy.ts'
import type { Manifest } from '../ops/backup/types.ts'

export interface ArchiveTask {
  readonly policy: Pick<BackupPolicy, 'target' | 'keyFile'>
  readonly manifest: Manifest
}

answerScans(async function* (task) {
  try {
    yield* readBackup(task as ArchiveTask)
  } catch (error) {
    // Pruned since it was listed; a listing tells of those that were missing before.
    if (error instanceof NotFoundError) throw Object.assign(new Error('it is gone'), { code: 'ENOENT' })
    throw error
  }
})
