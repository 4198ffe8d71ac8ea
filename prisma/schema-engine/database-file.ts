// The SQLite file that a datasource names: where it is, whether it is there, and how it is made.
import { closeSync, existsSync, mkdirSync, openSync, readdirSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { EngineError } from './engine-error.ts'

/** `datasource` is the CLI's JSON, `{"url": "file:…"}`. Undefined where the CLI names none, as for some diffs. */
export function pathOfDatasource(datasource: string | undefined): string | undefined {
  if (!datasource) return undefined
  const { url } = JSON.parse(datasource) as { url?: string }
  return url ? resolve(url.replace(/^file:/, '').split('?')[0] ?? '') : undefined
}

/** Makes the file empty, for its owner alone; SQLite gives -wal and -shm the same mode. */
export function createDatabaseFile(path: string): void {
  refuseHalfRestored(path)
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  closeSync(openSync(path, 'a', 0o600))
}

export function requireDatabaseFile(path: string | undefined): string {
  if (path === undefined) throw new EngineError('The datasource has no URL. Check prisma.config.ts.', 'P1012')
  if (!existsSync(path)) throw new EngineError(`Database \`${basename(path)}\` does not exist at \`${path}\`.`, 'P1003')
  refuseHalfRestored(path)
  return path
}

/** Its successor lies ready beside it (src/ops/restore/work.ts); what is written to the old file now would be lost. */
function refuseHalfRestored(path: string): void {
  const folder = dirname(path)
  const works = existsSync(folder) ? readdirSync(folder).filter((name) => name.startsWith('.gogga-restore-')) : []
  if (!works.some((name) => existsSync(join(folder, name, 'journal.json')))) return
  throw new EngineError(
    `A restore of \`${basename(path)}\` was cut off and is not over. Run "npx gogga migrate", which ends it.`,
    'P1003',
  )
}
