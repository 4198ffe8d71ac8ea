import { existsSync, readdirSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { Domain } from '../../database/domains.ts'
import type { Paths } from './dangling.ts'

/** Files that earlier restores put aside, with their logs. */
export function keptFiles(domain: Domain, paths: Paths): readonly string[] {
  const folder = dirname(paths[domain])
  const start = `${basename(paths[domain])}.before-restore-`
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .filter((name) => name.startsWith(start))
    .sort()
    .map((name) => join(folder, name))
}

/** Where the old file goes: a name of its own, also for the second restore within a second. */
export function freeKeptName(live: string, now: Date): string {
  const name = `${live}.before-restore-${now.toISOString().replace(/[-:]|\.\d+/g, '')}`
  const isTaken = (path: string) => ['', '-wal', '-journal'].some((ending) => existsSync(`${path}${ending}`))
  for (let nth = 1; ; nth++) {
    const path = nth === 1 ? name : `${name}-${nth}`
    if (!isTaken(path)) return path
  }
}
