// Backups of billing.db and admin.db as the audit reads them: unpacked one after the other into a hidden folder that is emptied
// again, since an archive is only believed when all of it was seen.
import { createReadStream, rmSync } from 'node:fs'
import type { ScanStream } from '../compliance/audit/bytes/scan.ts'
import type { Domain } from '../database/domains.ts'
import { GoggaError } from '../errors.ts'
import { fetchBackup } from '../ops/backup/fetch.ts'
import { readKey } from '../ops/backup/keys.ts'
import { type Backup, listBackups } from '../ops/backup/list.ts'
import type { BackupPolicy, Policies } from '../ops/backup/policy.ts'
import { openWorkFolder } from '../ops/backup/work-folder.ts'

export interface Archives {
  readonly backups: readonly ScanStream[]
  /** Whose this process cannot read, and why. */
  readonly unseen: readonly { readonly domain: Domain; readonly why: string }[]
}

const AUDITED = ['billing', 'admin'] as const

/** All that are on hand. Nothing is read before a stream is opened, but what there is. */
export async function archivesOf(policies: Policies, signal?: AbortSignal): Promise<Archives> {
  const backups: ScanStream[] = []
  const unseen: { domain: Domain; why: string }[] = []
  for (const domain of AUDITED) {
    const policy = policies[domain]
    try {
      const listed = await listBackups(policy)
      const there = listed.backups.filter(({ stored }) => stored !== undefined)
      if (there.some(({ manifest }) => manifest.encryption) && policy.keyFile !== undefined) readKey(policy.keyFile)
      backups.push(...there.map((backup) => streamOf(policy, backup, signal)))
    } catch (error) {
      unseen.push({ domain, why: whyOf(error) })
    }
  }
  return { backups, unseen }
}

/** Codes alone: messages name places. */
function whyOf(error: unknown): string {
  const cause = error instanceof GoggaError ? (error.cause ?? error) : error
  return (cause as { code?: string }).code ?? 'unknown'
}

const streamOf = (policy: BackupPolicy, { manifest }: Backup, signal?: AbortSignal): ScanStream => ({
  name: manifest.id,
  kind: 'database',
  async *open() {
    using work = openWorkFolder(policy, 'audit')
    const target = work.file(`${manifest.domain}.db`)
    await fetchBackup({ policy, manifest, target, signal })
    try {
      for await (const chunk of createReadStream(target, { highWaterMark: 1 << 20 })) yield chunk as Buffer
    } finally {
      rmSync(target, { force: true })
    }
  },
})
