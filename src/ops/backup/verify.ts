// Checks a backup as a restore would find it: fetched whole, opened, and compared with everything that its manifest says.
// The result lies beside it. Full integrity_check, which compares every index with its table.
import { openReader } from '../../database/connections.ts'
import { FILES } from '../../database/domains.ts'
import { migrationState } from '../../database/migrations.ts'
import { FileError, NotFoundError } from '../../errors.ts'
import { fetchBackup } from './fetch.ts'
import type { Backup } from './list.ts'
import { openStore } from './open-store.ts'
import type { BackupPolicy } from './policy.ts'
import { checkForeignKeys, checkPages, factsOf } from './snapshot-facts.ts'
import type { Manifest, OnProgress, Sources, Verification } from './types.ts'
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
  using store = openStore(policy.target)
  await store.putText(`${manifest.id}.verified.json`, `${JSON.stringify(result, undefined, 2)}\n`)
  return result
}

async function findingsOf({ policy, backup, signal, progress }: VerifyOptions, target: string): Promise<string[]> {
  const { manifest } = backup
  try {
    await fetchBackup({ policy, manifest, target, signal, progress })
    progress?.('check', 0, manifest.bytes.plain)
    const findings = checkDatabase(target, manifest)
    progress?.('check', manifest.bytes.plain, manifest.bytes.plain)
    return findings
  } catch (error) {
    if (error instanceof FileError || error instanceof NotFoundError) return [error.message]
    throw error
  }
}

/** What a restored file and its manifest disagree about. Blocks its thread; three times as long as making the copy. */
export function checkDatabase(path: string, manifest: Manifest): string[] {
  const { domain } = manifest
  const connection = openReader(domain, path, { cacheMb: 64 })
  try {
    const findings = [...checkPages(connection, 'integrity_check'), ...checkForeignKeys(connection)]
    const facts = factsOf(connection)
    if (facts.applicationId !== FILES[domain].applicationId) findings.push(`application_id is ${facts.applicationId}`)
    findings.push(...checkMigrations(() => migrationState(domain, connection)))
    for (const part of ['rows', 'migrations', 'outbox', 'inbox'] as const) {
      if (JSON.stringify(facts[part]) !== JSON.stringify(manifest[part]))
        findings.push(`${part} differ: the manifest says ${brief(manifest[part])}, the file ${brief(facts[part])}`)
    }
    return findings
  } finally {
    connection.close()
  }
}

function checkMigrations(state: () => unknown): string[] {
  try {
    state()
    return []
  } catch (error) {
    return [(error as Error).message]
  }
}

const brief = (value: unknown): string => JSON.stringify(value).slice(0, 300)
