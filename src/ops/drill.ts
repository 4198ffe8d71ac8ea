// A restore for practice: the newest backup into a temporary place, checked as a restored file would be, compared with the
// live files beside it, and thrown away. Its result lies with the backups; `gogga backup promises` reads it.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openReader } from '../database/connections.ts'
import type { Domain } from '../database/domains.ts'
import { FileError, NotFoundError } from '../errors.ts'
import { checkDatabase } from './backup/check-database.ts'
import { fetchBackup, recordDrill } from './backup/fetch.ts'
import { newestBackup } from './backup/list.ts'
import type { BackupPolicy } from './backup/policy.ts'
import type { Drill, Manifest, OnProgress, Sources } from './backup/types.ts'
import { recordVerification } from './backup/verify.ts'
import { type Dangling, danglingLinks, openSiblings, type Paths } from './restore/dangling.ts'

export interface DrillOptions {
  readonly policy: BackupPolicy
  /** Of the live files; those of the other domains are read. */
  readonly paths: Paths
  readonly sources: Pick<Sources, 'now'>
  readonly signal?: AbortSignal | undefined
  readonly progress?: OnProgress | undefined
}

export interface DrillReport extends Drill {
  /** Links that would dangle beside the live files. They fail a drill only where nothing fits at all. */
  readonly dangling: readonly Dangling[]
  /** Live files that could not be read: no link was compared with them. */
  readonly closed: readonly Domain[]
}

/** So few rows may all name somebody who went since. */
const FEW = 10

/**
 * What is wrong with the backup are `findings`. Throws NotFoundError where there is no good backup, UsageError without its
 * key, UnavailableError where the store is out of reach or the disk full: then nothing is recorded.
 */
export async function runDrill(options: DrillOptions): Promise<DrillReport> {
  const { policy, sources } = options
  const { manifest } = await newestBackup(policy)
  const folder = mkdtempSync(join(policy.workFolder ?? tmpdir(), 'gogga-drill-')) // Mode 0700.
  try {
    const began = sources.now()
    const found = await tryOut(options, manifest, join(folder, `${policy.domain}.db`))
    const at = sources.now()
    const tookMs = Math.max(0, at.getTime() - began.getTime())
    const { findings, isDamaged, ...links } = found
    const passed = findings.length === 0
    const drill: Drill = {
      ...{ domain: policy.domain, backupId: manifest.id, at: at.toISOString(), tookMs, passed },
      findings: [...findings],
    }
    await recordDrill(policy, drill, sources)
    // What cannot be restored is no good backup: the next restore takes another.
    if (isDamaged) await recordVerification(policy, drill)
    return { ...drill, ...links }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

interface Found {
  readonly findings: readonly string[]
  /** The archive itself is to blame, not what lies beside it now. */
  readonly isDamaged: boolean
  readonly dangling: readonly Dangling[]
  readonly closed: readonly Domain[]
}

async function tryOut(
  { policy, paths, signal, progress }: DrillOptions,
  manifest: Manifest,
  target: string,
): Promise<Found> {
  using siblings = openSiblings(policy.domain, paths)
  const { closed } = siblings
  try {
    await fetchBackup({ policy, manifest, target, signal, progress })
    const findings = await checkDatabase(target, manifest, signal)
    if (findings.length > 0) return { findings, isDamaged: true, dangling: [], closed }
  } catch (error) {
    if (!(error instanceof FileError || error instanceof NotFoundError)) throw error
    return { findings: [error.message], isDamaged: true, dangling: [], closed }
  }
  const restored = openReader(policy.domain, target)
  try {
    const dangling = await danglingLinks(policy.domain, { ...siblings.readers, [policy.domain]: restored })
    return { findings: strangers(dangling), isDamaged: false, dangling, closed }
  } finally {
    restored.close()
  }
}

/** Not one row fits: these files do not belong together. */
const strangers = (dangling: readonly Dangling[]): readonly string[] =>
  dangling
    .filter(({ rows, of }) => rows === of && rows >= FEW)
    .map(({ link, rows }) => `${link}: none of its ${rows} rows names a row that is there, so the files do not fit`)
