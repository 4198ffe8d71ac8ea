// Where backups lie. Names are flat save for `drills/`; what is put there appears whole or not at all.
import type { Readable } from 'node:stream'

export interface StoredFile {
  readonly name: string
  readonly bytes: number
  readonly changedAt: Date
}

export interface Store extends Disposable {
  /** `/srv/backups/billing` or `s3://bucket/prefix`, for messages. */
  readonly where: string
  /** Takes a finished, synced file under `name`; the file at `path` may be gone afterwards. */
  put(name: string, path: string, signal?: AbortSignal): Promise<void>
  putText(name: string, text: string): Promise<void>
  /** Throws NotFoundError. */
  read(name: string): Promise<Readable>
  readText(name: string): Promise<string | undefined>
  /** Everything, or what begins with `prefix`; without what is hidden. */
  list(prefix?: string): Promise<readonly StoredFile[]>
  /** No error where it isn't there. */
  remove(name: string): Promise<void>
}

/** For what was asked for by name and is not there. */
export const GONE_HINT = 'See "gogga backup list" for what is there.'
