// From the store back to a database file: fetched, opened, its checksum checked, in one pass and without a copy of the archive.
import { rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { understood } from './failures.ts'
import { readKey } from './keys.ts'
import { openStore } from './open-store.ts'
import type { BackupPolicy } from './policy.ts'
import type { Drill, Manifest, OnProgress, Sources } from './types.ts'
import { plainOf, unpack } from './unpack.ts'

export interface FetchOptions {
  readonly policy: BackupPolicy
  readonly manifest: Manifest
  /** Must not exist; gets mode 0600 and is synced. Removed again where anything fails. */
  readonly target: string
  /** For the words of a failure: what it is for (a check), and the place that the caller knows (the target's folder). */
  readonly purpose?: 'check' | 'restore'
  readonly where?: string
  readonly signal?: AbortSignal | undefined
  readonly progress?: OnProgress | undefined
}

/**
 * Throws FileError where the archive is not what the manifest says, UsageError where the key is missing or another,
 * NotFoundError where the archive is gone, UnavailableError where the disk is full or the bucket out of reach.
 */
export async function fetchBackup(options: FetchOptions): Promise<void> {
  const { policy, manifest, target, purpose = 'check', where = dirname(target), signal, progress } = options
  const key = policy.keyFile === undefined ? undefined : readKey(policy.keyFile)
  using store = openStore(policy.target)
  const archive = await store.read(manifest.archive)
  try {
    await unpack(archive, target, { manifest, key, signal, progress: (done, of) => progress?.('fetch', done, of) })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') rmSync(target, { force: true })
    throw understood(error, where, purpose)
  } finally {
    archive.destroy()
  }
}

export interface ReadOptions {
  readonly policy: Pick<BackupPolicy, 'target' | 'keyFile'>
  readonly manifest: Manifest
}

/**
 * The bytes of the database in a backup, on no disk. Throws what `fetchBackup` throws, at the end at the latest: only then its
 * checksum is known.
 */
export async function* readBackup({ policy, manifest }: ReadOptions): AsyncGenerator<Buffer> {
  const key = policy.keyFile === undefined ? undefined : readKey(policy.keyFile)
  using store = openStore(policy.target)
  const archive = await store.read(manifest.archive)
  try {
    yield* plainOf(archive, { manifest, key })
  } finally {
    archive.destroy()
  }
}

/** Keeps what a drill found beside the backups; `gogga backup promises` reads it. */
export async function recordDrill(policy: BackupPolicy, drill: Drill, sources: Pick<Sources, 'now'>): Promise<void> {
  using store = openStore(policy.target)
  const time = sources.now().toISOString().replace(/[-:]/g, '').replace('.', '')
  await store.putText(`drills/${drill.backupId}-${time}.json`, `${JSON.stringify(drill, undefined, 2)}\n`)
}
