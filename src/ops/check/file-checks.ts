// One file by itself, as the file system shows it: rights, owners, sizes, space.
import { lstatSync, type Stats } from 'node:fs'
import { dirname } from 'node:path'
import type { Finding } from './finding.ts'
import { codeOf, type FileView, restoreIt } from './view.ts'

/** A group may enter, such as that of the process that backs the file up; nobody else may anything. */
export const FOLDER_MODE = 0o750
const GROUP = 0o070

/** Where a group may enter the folder it may read the files. */
export const fileModeIn = (folder: Pick<Stats, 'mode'> | undefined): number =>
  folder && (folder.mode & GROUP) !== 0 ? 0o640 : 0o600
const OTHERS = 0o007
const PARTS = ['', '-wal', '-shm', '-journal'] as const

interface Found {
  readonly what: string
  readonly path: string
  readonly stat: Stats
}

export function* checkModes({ domain, path }: FileView): Generator<Finding> {
  const places = found(path)
  const files = fileModeIn(places.find(({ stat }) => stat.isDirectory())?.stat)
  for (const { what, stat, path: at } of places) {
    const allowed = stat.isDirectory() ? FOLDER_MODE : files
    const mode = stat.mode & 0o777
    if ((mode & ~allowed) === 0) continue
    yield {
      check: 'modes',
      severity: mode & OTHERS ? 'error' : 'warning',
      place: { file: domain },
      message: `${what} has mode ${octal(mode)}, expected ${octal(allowed)}: others than its owner get at it`,
      next: `Run "chmod ${octal(allowed)} ${at}".`,
    }
  }
}

/** SQLite makes -wal and -shm with the owner of whoever comes first: the wrong one locks everybody else out. */
export function* checkOwners({ domain, path }: FileView): Generator<Finding> {
  const [folder, ...files] = found(path)
  for (const { what, stat, path: at } of files) {
    if (!folder || stat.uid === folder.stat.uid) continue
    const [uid, expected] = [stat.uid, folder.stat.uid]
    yield {
      check: 'owners',
      severity: 'error',
      place: { file: domain },
      message: `${what} belongs to user ${uid}, its folder to user ${expected}`,
      next: `Run "chown ${expected} ${at}" and start the service as that user.`,
    }
  }
}

/** The folder first. A name that is not there, or goes meanwhile, is left out. */
function found(path: string): readonly Found[] {
  const places = [{ what: 'the folder', path: dirname(path) }]
  for (const part of PARTS) places.push({ what: part === '' ? 'the file' : `its ${part}`, path: path + part })
  return places.flatMap((place) => {
    const stat = lstatSync(place.path, { throwIfNoEntry: false })
    return stat ? [{ ...place, stat }] : []
  })
}

const octal = (mode: number): string => mode.toString(8).padStart(4, '0')

export function* checkLog({ domain, path, limits }: FileView): Generator<Finding> {
  const bytes = lstatSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0
  if (bytes <= limits.walBytes) return
  yield {
    check: 'wal',
    severity: 'warning',
    place: { file: domain },
    count: bytes,
    message: `Its write-ahead log has ${mebibytes(bytes)}, more than ${mebibytes(limits.walBytes)}: it is not emptied`,
    next: 'Look for a process that keeps a read transaction open; "gogga purge" empties the log when nobody does.',
  }
}

export function* checkFreePages({ domain, path, reader, limits }: FileView): Generator<Finding> {
  const [free, all, size] = ['freelist_count', 'page_count', 'page_size'].map((name) =>
    Number(reader.pragma(name, { simple: true })),
  ) as [number, number, number]
  if (free * size <= limits.freeBytes || free <= all * limits.freeShare) return
  yield {
    check: 'free pages',
    severity: 'notice',
    place: { file: domain },
    count: free,
    message: `${free} of its ${all} pages are free (${mebibytes(free * size)}): new rows fill them, the disk does not get them back`,
    next: `Run "gogga purge", or, where ${path} may stand still for a while, "gogga purge --vacuum".`,
  }
}

export function* checkDisk({ domain, path, limits, freeBytes }: FileView): Generator<Finding> {
  const free = freeBytes(dirname(path))
  const size = lstatSync(path).size
  if (free >= Math.max(limits.diskBytes, size)) return
  const isFull = free < limits.diskBytes
  yield {
    check: 'disk',
    severity: isFull ? 'error' : 'warning',
    place: { file: domain },
    count: free,
    message: isFull
      ? `Its disk has ${mebibytes(free)} left: writes will soon fail`
      : `Its disk has ${mebibytes(free)} left, less than the file's ${mebibytes(size)}: a restore or a VACUUM would not fit`,
    next: 'Make room on the disk, or move the folder to a larger one.',
  }
}

export const mebibytes = (bytes: number): string => `${(bytes / 1_048_576).toFixed(1)} MiB`

/** What could not be looked at is a finding as well. */
export const unfinished = (check: string, domain: FileView['domain'], error: unknown): Finding => ({
  check,
  severity: 'error',
  place: { file: domain },
  message: `The check did not come to its end: ${codeOf(error)}`,
  next: `Where the code says CORRUPT or NOTADB: ${restoreIt(domain)} Otherwise correct what it names, and repeat the check.`,
})
