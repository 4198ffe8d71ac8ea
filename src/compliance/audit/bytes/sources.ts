// Which files a thief would take along: everything that lies in the folders of billing.db and admin.db.
import { type Dirent, readdirSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import type { Domain } from '../../../database/domains.ts'
import type { SourceKind } from './layout.ts'
import type { ScanFile } from './scan.ts'

export type Paths = Readonly<Record<Domain, string>>

/** What may hold no value of identity.db. */
export const GUARDED = ['billing', 'admin'] as const satisfies readonly Domain[]

export interface Beside {
  readonly files: readonly ScanFile[]
  /** What is no file, and is not followed: where it leads is not looked into. */
  readonly skipped: readonly { readonly name: string; readonly why: string }[]
}

/**
 * The database, its log and journal, copies that a restore kept, and whatever else lies beside them, in folders of theirs too; of
 * a folder that identity.db shares, only what bears the database's name. Logs and journals come first: what a checkpoint moves
 * meanwhile is then found in one place or the other. `except`: folders that are looked into otherwise.
 */
export function besideThe(paths: Paths, except: readonly string[] = []): Beside {
  const skipped: { name: string; why: string }[] = []
  const others = new Set([...except, dirname(paths.identity)].map((folder) => resolve(folder)))
  const files = GUARDED.flatMap((domain) => {
    const [folder, own] = [dirname(paths[domain]), basename(paths[domain])]
    const isShared = resolve(folder) === resolve(dirname(paths.identity))
    const entries = entriesIn(folder, others).filter(({ name }) => !isShared || name.startsWith(own))
    for (const { name, why } of entries) if (why !== undefined && name !== own) skipped.push({ name, why })
    const names = entries.filter(({ why }) => why === undefined).map(({ name }) => name)
    return [...new Set([own, ...names])].map((name) => fileIn(folder, name, name === own))
  })
  const byPath = new Map(files.map((file) => [file.path, file]))
  for (const file of files) if (file.live) byPath.set(file.path, file)
  return { files: logsFirst([...byPath.values()]), skipped }
}

export const filesBeside = (paths: Paths): readonly ScanFile[] => besideThe(paths).files

/** Files directly in a folder, such as that of application logs; none where it is missing. */
export const filesIn = (folder: string): readonly ScanFile[] =>
  logsFirst(
    listed(folder)
      .filter((entry) => entry.isFile() && isLookedInto(entry.name))
      .map(({ name }) => ({ ...fileIn(folder, name, false), mayGo: false }))
      .sort(byName),
  )

function fileIn(folder: string, name: string, live: boolean): ScanFile {
  return { name, kind: kindOf(name), path: join(folder, name), live, mayGo: !live }
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

interface Entry {
  /** From the folder that was asked for. */
  readonly name: string
  /** Why it is not looked into. */
  readonly why?: string
}

const byName = (a: Entry, b: Entry): number => (a.name < b.name ? -1 : 1)

/** Links are not followed: they may lead anywhere, also to identity.db. */
function entriesIn(folder: string, except: ReadonlySet<string>, before = ''): readonly Entry[] {
  return listed(folder)
    .flatMap((entry): readonly Entry[] => {
      const name = before + entry.name
      const path = join(folder, entry.name)
      if (entry.isDirectory()) return except.has(resolve(path)) ? [] : entriesIn(path, except, `${name}/`)
      if (entry.isSymbolicLink()) return [{ name, why: 'it is a symbolic link, which is not followed' }]
      if (!entry.isFile()) return [{ name, why: 'it is neither a file nor a folder' }]
      return isLookedInto(entry.name) ? [{ name }] : []
    })
    .sort(byName)
}

/** The index of a log (-shm) holds numbers of pages only. */
const isLookedInto = (name: string): boolean => !name.endsWith('-shm')

/** Throws where a folder cannot be read. */
function listed(folder: string): readonly Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}
