// The proof of an erasure: the raw bytes of everything that may hold a value of the person's, searched by what the audit uses.
import { readdirSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { Files } from '../../database/clients.ts'
import { DOMAINS } from '../../database/domains.ts'
import type { Hit } from '../audit/bytes/hits.ts'
import type { NeedleKind } from '../audit/bytes/kinds.ts'
import { type ScanFile, scanSources } from '../audit/bytes/scan.ts'
import { mailsIn } from './mails.ts'
import type { Needles } from './needles.ts'
import type { Found, Proof } from './receipt.ts'

export interface Searchable {
  readonly files: Files
  readonly mailFolder: string
  /** Of the application; those that are missing are left out. */
  readonly logFiles: readonly string[]
  readonly unassigned: string
}

export async function proofOf(where: Searchable, needles: Needles, now: () => Date): Promise<Proof> {
  const { own, within, left, leftIn } = needles
  const sources = sourcesOf(where)
  const searched = searchedOf(sources)
  const values = own.map(({ needle }) => needle)
  const { hits, unread } =
    values.length === 0 ? NOTHING : await scanSources({ needles: { values, within }, files: sources })
  const names = new Map(own.map(({ kind, needle }) => [needle.kind, kind]))
  const kinds = Object.entries(Object.groupBy(own, ({ kind }) => kind))
  return {
    at: now().toISOString(),
    searched: values.length === 0 ? [] : searched,
    values: Object.fromEntries(kinds.map(([kind, list = []]) => [kind, list.length])),
    shared: left,
    sharedIn: leftIn,
    found: foundIn(hits.filter(isFound), names),
    // A mail that went meanwhile is no gap.
    unread: unread.filter(({ name, why }) => !(why === 'ENOENT' && name.startsWith(MAIL))).map(({ name }) => name),
  }
}

const NOTHING = { hits: [], unread: [] } as const
const MAIL = 'mail/'

/** In a log, digits around a number make it a part of another; in a database, columns touch. */
const isFound = ({ touched, where }: Hit): boolean => !(touched && where === 'file')

function foundIn(hits: readonly Hit[], names: ReadonlyMap<NeedleKind, string>): readonly Found[] {
  const groups = Map.groupBy(hits, ({ file, kind, where }) => `${file} ${kind} ${where}`)
  return [...groups.values()].flatMap((group): Found[] => {
    const [first] = group
    if (!first) return []
    const tables = [...new Set(group.flatMap((hit) => hit.tables ?? []))].sort()
    const count = group.reduce((sum, hit) => sum + hit.count, 0)
    const { file, kind, where } = first
    return [{ file, kind: names.get(kind) ?? kind, count, where, ...(tables.length > 0 && { tables }) }]
  })
}

/** Logs and journals first: what a checkpoint moves meanwhile is then found in one place or the other. */
function sourcesOf({ files, mailFolder, logFiles, unassigned }: Searchable): readonly ScanFile[] {
  const databases = [...DOMAINS.map((domain) => files[domain].path), unassigned].flatMap(beside)
  const mails = mailsIn(mailFolder).map(
    (name): ScanFile => ({ name: `${MAIL}${name}`, kind: 'file', path: join(mailFolder, name) }),
  )
  const logs = logFiles.filter(isThere).map((path): ScanFile => ({ name: basename(path), kind: 'file', path }))
  const isLog = ({ kind }: ScanFile) => kind === 'wal' || kind === 'journal'
  return [...databases.filter(isLog), ...databases.filter((file) => !isLog(file)), ...mails, ...logs]
}

const isThere = (path: string): boolean => statSync(path, { throwIfNoEntry: false }) !== undefined

/** The file, its log and journal, and what earlier restores put aside in its folder. */
function beside(path: string): readonly ScanFile[] {
  const own = basename(path)
  const folder = dirname(path)
  const names = isThere(folder) ? readdirSync(folder) : []
  return names
    .filter((name) => name.startsWith(own) && !name.endsWith('-shm'))
    .sort()
    .map((name) => ({ name, kind: kindOf(name), path: join(folder, name), live: name === own }))
}

function kindOf(name: string): ScanFile['kind'] {
  if (name.endsWith('-wal')) return 'wal'
  return name.endsWith('-journal') ? 'journal' : 'database'
}

/** Mails are told together, by their number. */
function searchedOf(sources: readonly ScanFile[]): Proof['searched'] {
  const sizes = sources.map(({ name, path }) => ({
    file: name,
    bytes: statSync(path, { throwIfNoEntry: false })?.size ?? 0,
  }))
  const mails = sizes.filter(({ file }) => file.startsWith(MAIL))
  const bytes = mails.reduce((sum, mail) => sum + mail.bytes, 0)
  const folder = mails.length === 0 ? [] : [{ file: `${MAIL}: ${mails.length} file(s)`, bytes }]
  return [...sizes.filter(({ file }) => !file.startsWith(MAIL)), ...folder]
}
