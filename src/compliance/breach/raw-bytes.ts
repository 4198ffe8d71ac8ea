// What stands in the raw bytes of a file: also in rows that were removed and in tables that were dropped, whose bytes stay in
// free pages until the file is written anew.
import { existsSync, statSync } from 'node:fs'
import { basename } from 'node:path'
import { findingOf } from '../audit/bytes/audit-bytes.ts'
import type { NeedleCounts } from '../audit/bytes/needles.ts'
import { type ScanFile, scanSources } from '../audit/bytes/scan.ts'
import type { Finding } from '../audit/finding.ts'
import type { NamingOptions } from './options.ts'

export interface BytesFound {
  readonly bytes: number
  /** Names of the files that were searched. */
  readonly files: readonly string[]
  /** Values of identity.db that were looked for. */
  readonly compared: number
  /** Values of identity.db that were not, by why. */
  readonly skipped: NeedleCounts['skipped']
  readonly findings: readonly Finding[]
}

export async function searchBytes({ domain, paths, onProgress, signal }: NamingOptions): Promise<BytesFound> {
  const files = filesOf(paths[domain])
  const total = files.reduce((sum, { path }) => sum + (statSync(path, { throwIfNoEntry: false })?.size ?? 0), 0)
  onProgress?.('bytes', 0, total, `${domain}.db`)
  const { hits, bytes, needles, unread } = await scanSources({
    ...{ needles: { identity: paths.identity }, files, signal },
    onProgress: (done) => onProgress?.('bytes', done, Math.max(done, total), `${domain}.db`),
  })
  return {
    ...{ bytes, compared: needles.values, skipped: needles.skipped },
    files: files.map(({ name }) => name).filter((name) => unread.every((one) => one.name !== name)),
    findings: [...hits.map((hit) => findingOf(hit, false)), ...unread.map(unreadFinding)],
  }
}

/** Logs first: what a checkpoint moves meanwhile is then found in one place or the other. */
const filesOf = (path: string): readonly ScanFile[] =>
  (['wal', 'journal', 'database'] as const).flatMap((kind) => {
    const file = kind === 'database' ? path : `${path}-${kind}`
    return existsSync(file) ? [{ name: basename(file), kind, path: file, live: kind === 'database' }] : []
  })

const unreadFinding = ({ name, why }: { readonly name: string; readonly why: string }): Finding => ({
  ...{ severity: 'medium', section: 'bytes', code: 'bytes.unread', count: 1 },
  ...{ message: `Not looked into: ${why}`, place: { file: name } },
  next: 'Make the file readable for whoever asks, and ask again.',
})
