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
