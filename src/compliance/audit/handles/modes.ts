// Rights and owners of the files, of all that lies beside them, and of their folders.
import { type Dirent, lstatSync, readdirSync, type Stats } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import type { Domain } from '../../../database/domains.ts'
import type { Finding } from '../finding.ts'

const FOLDER_MODE = 0o700
const FILE_MODE = 0o600
const OTHERS = 0o007
const PARTS = ['', '-wal', '-shm', '-journal'] as const

interface Found {
  readonly name: string
  readonly stat: Stats
}

export interface ModesOptions {
  /** Another domain's file lies in the same folder: only what bears this one's name is looked at. */
  readonly isShared?: boolean
  /** Folders with rights of their own, such as those of backups. */
  readonly except?: readonly string[]
}

export function auditModes(domain: Domain, path: string, options: ModesOptions = {}): readonly Finding[] {
  if (process.platform === 'win32') return []
  const folder = lstatSync(dirname(path), { throwIfNoEntry: false })
  const found = PARTS.flatMap((part): Found[] => {
    const stat = lstatSync(path + part, { throwIfNoEntry: false })
    return stat ? [{ name: `${domain}.db${part}`, stat }] : []
  })
  found.push(...others(path, options))
  if (folder) found.unshift({ name: `folder of ${domain}.db`, stat: folder })
  return found.flatMap((one) => [...modeOf(one), ...(folder ? ownerOf(one, folder) : [])])
}

/** Copies and whatever else lies in the folder; links are told where bytes are looked for. */
function others(path: string, { isShared = false, except = [] }: ModesOptions): readonly Found[] {
  const own = basename(path)
  const known = new Set(PARTS.map((part) => own + part))
  return entriesIn(dirname(path), new Set(except.map((folder) => resolve(folder))))
    .filter(({ name }) => !known.has(name) && (!isShared || name.startsWith(own)))
    .filter(({ stat }) => !stat.isSymbolicLink())
}

function entriesIn(folder: string, except: ReadonlySet<string>, before = ''): readonly Found[] {
  return entriesOf(folder).flatMap((entry): readonly Found[] => {
    const path = join(folder, entry.name)
    const stat = except.has(resolve(path)) ? undefined : lstatSync(path, { throwIfNoEntry: false })
    if (!stat) return []
    const name = before + entry.name
    return [{ name, stat }, ...(stat.isDirectory() ? entriesIn(path, except, `${name}/`) : [])]
  })
}

function entriesOf(folder: string): readonly Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
  } catch {
    return [] // The search of bytes says so.
  }
}

function modeOf({ name, stat }: Found): readonly Finding[] {
  const allowed = stat.isDirectory() ? FOLDER_MODE : FILE_MODE
  const mode = stat.mode & 0o777
  if ((mode & ~allowed) === 0 && !stat.isSymbolicLink()) return []
  if (stat.isSymbolicLink()) {
    const next = 'Name the file itself in the configuration.'
    return [
      finding('medium', 'handles.link', name, 'It is a symbolic link: whoever may change it chooses the file', next),
    ]
  }
  const severity = mode & OTHERS ? 'high' : 'medium'
  const message = `It has mode ${octal(mode)}, expected ${octal(allowed)}: others than its owner get at it`
  return [finding(severity, 'handles.mode', name, message, `chmod ${octal(allowed)} the ${name}.`)]
}

function ownerOf({ name, stat }: Found, folder: Stats): readonly Finding[] {
  if (stat.uid === folder.uid) return []
  const message = `It belongs to user ${stat.uid}, its folder to user ${folder.uid}`
  return [
    finding('high', 'handles.owner', name, message, `chown ${folder.uid} ${name}, and start the service as that user.`),
  ]
}

const octal = (mode: number): string => mode.toString(8).padStart(4, '0')

const finding = (
  severity: Finding['severity'],
  code: string,
  file: string,
  message: string,
  next: string,
): Finding => ({
  ...{ severity, section: 'handles', code, message, count: 1, next },
  place: { file },
})
