// What lies around beside the three files: it takes room, and what belonged to a person since erased is still in it.

import { lstatSync, readdirSync } from 'node:fs'
import { basename, dirname, join, sep } from 'node:path'
import type { Domain } from '../../database/domains.ts'
import { keptFiles } from '../restore/kept-files.ts'
import { workState } from '../restore/work.ts'
import { FOLDER_MODE, fileModeIn, mebibytes } from './file-checks.ts'
import type { Finding } from './finding.ts'
import { undoFiles } from './undo-file.ts'
import type { View } from './view.ts'

type Sight = Pick<View, 'paths' | 'now' | 'limits' | 'folders'> & { readonly domain: Domain }

/** Asked also of a file that cannot be opened: that it is half restored may be why. */
export function* checkRestores({ domain, paths }: Sight): Generator<Finding> {
  const about = { check: 'restores', place: { file: domain } } as const
  const state = workState(domain, paths)
  if (state === 'cut off')
    yield {
      ...about,
      severity: 'error',
      message: 'A restore was cut off and is not over: this is the file of before its end',
      next: 'Run "npx gogga migrate", which ends it; so does the next start of the server.',
    }
  if (state === 'left')
    yield {
      ...about,
      severity: 'warning',
      message: 'A restore was cut off before it changed anything: a copy of its backup may still lie beside the file',
      next: 'Run "npx gogga migrate", which removes the copy; so does the next start of the server.',
    }
  if (state === 'waiting')
    yield {
      ...about,
      severity: 'warning',
      message:
        'It was restored, and messages that its restore sent again wait for another file, which could not be read',
      next: 'Restore the file that is missing; then the next start of the server, or "npx gogga migrate", sends them.',
    }
}

export function* checkKept({ domain, paths, now, limits }: Sight): Generator<Finding> {
  const old = keptFiles(domain, paths).filter((path) => now.getTime() - timeIn(path) > limits.keptMs)
  if (old.length === 0) return
  const bytes = old.reduce((sum, path) => sum + (lstatSync(path, { throwIfNoEntry: false })?.size ?? 0), 0)
  yield {
    check: 'kept files',
    severity: 'warning',
    place: { file: domain },
    count: old.length,
    message: `${old.length} old file(s) that restores kept ${days(limits.keptMs)} ago or before, ${mebibytes(bytes)}: what was erased or purged since is still in them`,
    next: `Where the restored file has proved itself, run "gogga restore ${domain} --forget-old".`,
  }
}

/** A repair may change rows of any file: its undo file is told of once, with the file that holds what must be erased. */
export function* checkUndo({ domain, now, limits, folders }: Sight): Generator<Finding> {
  if (domain !== 'identity' || folders === undefined) return
  const files = undoFiles(folders.undo)
  if (files.length === 0) return
  const oldest = Math.min(...files.map((path) => lstatSync(path, { throwIfNoEntry: false })?.mtimeMs ?? now.getTime()))
  const isOld = now.getTime() - oldest > limits.keptMs
  yield {
    check: 'undo files',
    severity: isOld ? 'warning' : 'notice',
    place: { file: domain },
    count: files.length,
    message: `${files.length} undo file(s) of repairs lie in ${folders.undo}: they hold whole rows, which nothing erases`,
    next: 'Where no repair is to be taken back any more, run "gogga check --forget-undo".',
  }
}

/** `….before-restore-20261122T231500Z[-wal]`; one that has no time in its name was kept long ago. */
function timeIn(path: string): number {
  const [, ...parts] = /(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z/.exec(basename(path)) ?? []
  if (parts.length === 0) return 0
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = parts.map(Number)
  return Date.UTC(year, month - 1, day, hour, minute, second)
}

const days = (milliseconds: number): string => `${Math.round(milliseconds / 86_400_000)} days`

const ALL_OTHERS = 0o007

/** Backups, undo files and kept files are as telling as the files themselves. Folders that this user cannot look into are left out. */
export function* checkKeptModes({ domain, paths, folders }: Sight): Generator<Finding> {
  const backups = folders?.backups(domain)
  const undo = domain === 'identity' ? folders?.undo : undefined
  const places = [
    { folder: dirname(paths[domain]), names: keptFiles(domain, paths) },
    { folder: backups, names: backups === undefined ? [] : [backups, ...namesIn(backups)] },
    { folder: undo, names: undo === undefined ? [] : [undo, ...undoFiles(undo)] },
  ]
  for (const { folder, names } of places) {
    const modes = names.flatMap((path) => wideMode(path) ?? [])
    if (modes.length === 0) continue
    yield {
      check: 'modes',
      severity: modes.some((mode) => mode & ALL_OTHERS) ? 'error' : 'warning',
      place: { file: domain },
      count: modes.length,
      message: `${modes.length} of ${names.length} names in ${folder} have modes that let others than their owner at them`,
      next: `Run "chmod -R go= ${folder}".`,
    }
  }
}

function wideMode(path: string): number | undefined {
  const stat = lstatSync(path, { throwIfNoEntry: false })
  if (!stat) return undefined
  const allowed = stat.isDirectory() ? FOLDER_MODE : fileModeIn(lstatSync(dirname(path), { throwIfNoEntry: false }))
  return (stat.mode & 0o777 & ~allowed) !== 0 ? stat.mode : undefined
}

/** Without hidden ones: those are at work, behind a folder of mode 0700. */
function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder, { encoding: 'utf8', recursive: true })
      .filter((name) => !name.split(sep).some((part) => part.startsWith('.')))
      .map((name) => join(folder, name))
  } catch {
    return []
  }
}
