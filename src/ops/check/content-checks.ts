// One file by itself, as SQLite shows it: whole, of this program's migrations, without traces of what was deleted.
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { createFile } from '../../database/connections.ts'
import { FILES, nameOfApplicationId } from '../../database/domains.ts'
import { migrationState } from '../../database/migrations.ts'
import { GoggaError } from '../../errors.ts'
import type { Finding } from './finding.ts'
import { type FileView, restoreIt } from './view.ts'

const MAX_PROBLEMS = 100

/** `quick_check` leaves out whether the indexes agree with their tables, which takes most of the time. */
export function* checkIntegrity({ domain, reader, quick }: FileView): Generator<Finding> {
  const pragma = quick ? 'quick_check' : 'integrity_check'
  const problems = reader.pragma(`${pragma}(${MAX_PROBLEMS})`) as Record<string, string>[]
  const texts = problems.flatMap((row) => Object.values(row)).filter((text) => text !== 'ok')
  if (texts.length === 0) return
  yield {
    check: 'integrity',
    severity: 'error',
    place: { file: domain },
    count: texts.length,
    // SQLite names pages, tables and indexes here, never values.
    message: `SQLite found ${texts.length} problem(s), first: ${texts[0]}`,
    next: `Stop the server. ${restoreIt(domain)}`,
  }
}

export function* checkForeignKeys({ domain, reader }: FileView): Generator<Finding> {
  const rows = reader.pragma('foreign_key_check') as { table: string; parent: string }[]
  const byTable = Map.groupBy(rows, ({ table, parent }) => `${table}\u0000${parent}`)
  for (const [names, broken] of byTable) {
    const [table = '', parent = ''] = names.split('\u0000')
    yield {
      check: 'foreign keys',
      severity: 'error',
      place: { file: domain, table },
      count: broken.length,
      message: `${broken.length} row(s) name a row of ${parent} that is not there, against a foreign key`,
      next: 'Find out which tool writes without "PRAGMA foreign_keys = ON", then put the rows right.',
    }
  }
}

export function* checkMigrations({ domain, reader }: FileView): Generator<Finding> {
  try {
    const { pending } = migrationState(domain, reader)
    if (pending.length === 0) return
    const message = `${pending.length} migration(s) are not applied: ${pending.join(', ')}`
    const next = `Run "npx gogga migrate --domain ${domain}".`
    yield { check: 'migrations', severity: 'error', place: { file: domain }, count: pending.length, message, next }
  } catch (error) {
    if (!(error instanceof GoggaError)) throw error
    const next = error.hint ?? 'Compare the file with prisma/migrations.'
    yield { check: 'migrations', severity: 'error', place: { file: domain }, message: error.message, next }
  }
}

/** The connection asked for it when it was opened; here it is asked of the file's own header again. */
export function* checkApplicationId({ domain, reader }: FileView): Generator<Finding> {
  const found = Number(reader.pragma('application_id', { simple: true }))
  if (found === FILES[domain].applicationId) return
  yield {
    check: 'application id',
    severity: 'error',
    place: { file: domain },
    message: `It is ${nameOfApplicationId(found)}, expected ${nameOfApplicationId(FILES[domain].applicationId)}`,
    next: 'Find out which tool wrote to the header, and compare the file with its newest backup.',
  }
}

/** By the bytes: a writer as the program opens it deletes a mark in a file of its own, and the mark is looked for. */
export function* checkSecureDelete({ domain, openWriter }: FileView): Generator<Finding> {
  const folder = mkdtempSync(join(tmpdir(), 'gogga-check-'))
  try {
    const path = join(folder, domain, `${domain}.db`)
    createFile(domain, path)
    const mark = createHash('sha256').update(folder).digest('hex')
    const writer = openWriter(domain, path)
    writer.exec('create table t (a)')
    writer.prepare('insert into t values (?)').run(mark)
    writer.exec('delete from t')
    writer.pragma('wal_checkpoint(TRUNCATE)')
    const isOn = Number(writer.pragma('secure_delete', { simple: true })) === 1
    const isThere = [path, `${path}-wal`].some((part) => holds(part, mark))
    writer.close()
    if (isOn && !isThere) return
    yield {
      check: 'secure delete',
      severity: 'error',
      place: { file: domain },
      message: 'Writers do not overwrite what they delete: deleted values stay in the file',
      next: 'Set "PRAGMA secure_delete = ON" where the writer is opened, then run "gogga purge --vacuum".',
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const holds = (path: string, mark: string): boolean => sizeOf(path) > 0 && readFileSync(path).includes(mark)

/**
 * Free pages of a file that was always written with secure_delete are zero. Looked at in the file itself, so only while
 * the log is empty, and by a process of its own: closing a file that this one has open would drop its locks (POSIX).
 */
export async function* checkTraces({ domain, path, reader }: FileView): AsyncGenerator<Finding> {
  if (sizeOf(`${path}-wal`) > 0 || Number(reader.pragma('freelist_count', { simple: true })) === 0) return
  const child = fileURLToPath(new URL('./count-traces.ts', import.meta.url))
  const { stdout } = await promisify(execFile)(process.execPath, [child, path])
  const traces = Number(stdout)
  if (traces === 0) return
  yield {
    check: 'traces',
    severity: 'warning',
    place: { file: domain },
    count: traces,
    message: `${traces} free page(s) still hold bytes of what was deleted: something wrote without secure_delete`,
    next: 'Run "gogga purge --vacuum", and find the tool that wrote.',
  }
}

const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0
