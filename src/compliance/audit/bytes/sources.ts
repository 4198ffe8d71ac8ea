// Which files a thief would take along: everything that lies in the folders of billing.db and admin.db.
import { readdirSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { Domain } from '../../../database/domains.ts'
import type { SourceKind } from './layout.ts'
import type { ScanFile } from './scan.ts'

export type Paths = Readonly<Record<Domain, string>>

/** What may hold no value of identity.db. */
export const GUARDED = ['billing', 'admin'] as const satisfies readonly Domain[]

/**
 * The database, its log and journal, copies that a restore kept, and whatever else lies beside them; of a folder that
 * identity.db shares, only what bears the database's name. Logs and journals come first: what a checkpoint moves
 * meanwhile is then found in one place or the other.
 */
export function filesBeside(paths: Paths): readonly ScanFile[] {
  const files = GUARDED.flatMap((domain) => {
    const [folder, own] = [dirname(paths[domain]), basename(paths[domain])]
    const isShared = folder === dirname(paths.identity)
    const names = namesIn(folder).filter((name) => !isShared || name.startsWith(own))
    return [...new Set([own, ...names])].map((name) => fileIn(folder, name, name === own))
  })
  const byPath = new Map(files.map((file) => [file.path, file]))
  for (const file of files) if (file.live) byPath.set(file.path, file)
  return logsFirst([...byPath.values()])
}

/** Files directly in a folder, such as that of application logs; none where it is missing. */
export const filesIn = (folder: string): readonly ScanFile[] =>
  logsFirst(namesIn(folder).map((name) => fileIn(folder, name, false)))

function fileIn(folder: string, name: string, live: boolean): ScanFile {
  return { name, kind: kindOf(name), path: join(folder, name), live }
}

/** Whether it is a database is told by its header. */
function kindOf(name: string): SourceKind {
  if (name.endsWith('-wal')) return 'wal'
  return name.endsWith('-journal') ? 'journal' : 'database'
}

const logsFirst = (files: readonly ScanFile[]): readonly ScanFile[] => [
  ...files.filter(({ kind }) => kind !== 'database'),
  ...files.filter(({ kind }) => kind === 'database'),
]

/** The index of a log (-shm) holds numbers of pages only. */
function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isFile() && !entry.name.endsWith('-shm'))
      .map(({ name }) => name)
      .sort()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}
