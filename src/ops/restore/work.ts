// The hidden folder beside a live file in which its successor is made, and the journal by which whoever comes next goes on
// after a kill. Without a journal the live file is untouched; with one the successor is ready, and the way leads forward.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import Database from 'better-sqlite3'
import { z } from 'zod'
import type { Connection } from '../../database/connections.ts'
import { DOMAINS, type Domain } from '../../database/domains.ts'
import { syncFolder, writeWhole } from '../../database/durable.ts'
import { ConflictError, FileError } from '../../errors.ts'
import type { Paths } from './dangling.ts'

const JOURNAL = 'journal.json'
const WAITING = 'waiting.json'
const LOCK = 'lock.db'

const Send = z.object({
  /** The file whose outbox it goes into. */
  origin: z.enum(DOMAINS),
  message: z.object({
    id: z.string(),
    type: z.string(),
    target: z.enum(DOMAINS),
    subjectId: z.string().nullable(),
    payload: z.string(),
    changeId: z.string().nullable(),
  }),
})
/** A message that its origin does not hold any more, and whose effect went with the old file. */
export type Send = z.output<typeof Send>

const Journal = z.object({
  version: z.literal(1),
  domain: z.enum(DOMAINS),
  backupId: z.string(),
  /** Name of the old file in its folder; earlier versions wrote the whole path. */
  kept: z.string(),
  sends: z.array(Send),
  /** Where the chain of the backup's logs ends: other files say that it went further. Missing in journals of older versions. */
  chain: z
    .object({
      ...{ position: z.number(), hash: z.string(), at: z.iso.datetime() },
      /** Of the mark that tells so, where the restore had a key. */
      ...{ keyId: z.string().optional(), signature: z.hex().optional() },
    })
    .optional(),
})
export type Journal = z.output<typeof Journal>

const Waiting = z.array(Send)

export interface Work extends Disposable {
  /** The successor. */
  readonly copy: string
  readJournal(): Journal | undefined
  writeJournal(journal: Journal): void
  /** Messages of restores that are over, whose origin could not be read: they outlive `clear`. */
  readWaiting(): readonly Send[]
  writeWaiting(sends: readonly Send[]): void
  /** Everything goes, the journal last of what matters; the folder as well where the work is let go of. */
  clear(): void
}

/** `at work`: another process has it in its hands. `cut off`: killed, and the way leads forward. `left`: killed before it changed anything. `waiting`: over, but for messages that wait for another file. */
export type WorkState = 'none' | 'at work' | 'cut off' | 'left' | 'waiting'

/** Looks, and changes nothing. */
export function workState(domain: Domain, paths: Paths): WorkState {
  const folder = workFolder(domain, paths)
  if (!existsSync(folder)) return 'none'
  if (isHeld(join(folder, LOCK))) return 'at work'
  if (existsSync(join(folder, JOURNAL))) return 'cut off'
  const isMore = namesIn(folder).some((name) => !name.startsWith(LOCK) && name !== WAITING)
  return existsSync(join(folder, WAITING)) && !isMore ? 'waiting' : 'left'
}

export const workFolder = (domain: Domain, paths: Paths): string =>
  join(dirname(paths[domain]), `.gogga-restore-${domain}`)

/** None where this user may not look: others than the server's ask as well. */
function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

const planFolder = (domain: Domain, paths: Paths): string =>
  join(dirname(paths[domain]), `.gogga-restore-plan-${domain}`)

/** Holds the folder against other processes. Throws ConflictError where one is at work in it. */
export const openWork = (domain: Domain, paths: Paths): Work =>
  openFolder(workFolder(domain, paths), `Another process is restoring ${domain}.db`)

/** For a dry run, beside which everything else goes on; what a killed one left is removed. */
export function openPlan(domain: Domain, paths: Paths): Work {
  const work = openFolder(planFolder(domain, paths), `Another process plans a restore of ${domain}.db`)
  work.clear()
  return work
}

/** Removes what a killed dry run left; one that is at work goes on, and one of another user is in nobody's way. */
export function clearPlan(domain: Domain, paths: Paths): void {
  const folder = planFolder(domain, paths)
  try {
    if (existsSync(folder) && !isHeld(join(folder, LOCK))) rmSync(folder, { recursive: true, force: true })
  } catch (error) {
    if (!['EACCES', 'EPERM'].includes(String((error as NodeJS.ErrnoException).code))) throw error
  }
}

function openFolder(folder: string, busy: string): Work {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const hold = holdFolder(folder, busy)
  const [copy, journal, waiting] = [join(folder, 'successor.db'), join(folder, JOURNAL), join(folder, WAITING)]
  return {
    copy,
    readJournal: () => readJson(journal, Journal),
    readWaiting: () => readJson(waiting, Waiting) ?? [],
    writeWaiting(sends) {
      const byId = new Map(sends.map((one) => [one.message.id, one]))
      if (byId.size === 0) return rmSync(waiting, { force: true })
      writeWhole(waiting, JSON.stringify([...byId.values()]))
      syncFolder(folder)
    },
    writeJournal(content) {
      writeWhole(journal, JSON.stringify(content))
      syncFolder(folder)
    },
    clear() {
      // The journal first: without it whatever else is left is no work to go on with.
      rmSync(journal, { force: true })
      for (const name of readdirSync(folder)) {
        if (!name.startsWith(LOCK) && name !== WAITING) rmSync(join(folder, name), { recursive: true, force: true })
      }
    },
    [Symbol.dispose]() {
      if (!existsSync(journal) && !existsSync(waiting)) rmSync(folder, { recursive: true, force: true })
      hold.close()
    },
  }
}

/** The operating system lets go of a lock in a file when its process dies, however it dies. */
function holdFolder(folder: string, busy: string): Connection {
  const connection = new Database(join(folder, LOCK), { timeout: 0 })
  try {
    connection.pragma('locking_mode = EXCLUSIVE')
    connection.exec('begin exclusive')
    return connection
  } catch (cause) {
    connection.close()
    if (!isBusy(cause)) throw cause
    throw new ConflictError(busy, { cause, hint: 'Wait until it is done.' })
  }
}

/** By reading, so that two who only look are in nobody's way for longer than a moment. */
function isHeld(path: string): boolean {
  let connection: Connection | undefined
  try {
    connection = new Database(path, { readonly: true, fileMustExist: true, timeout: 0 })
    connection.prepare('select count(*) from sqlite_schema').get()
    return false
  } catch (error) {
    return isBusy(error)
  } finally {
    connection?.close()
  }
}

const isBusy = (error: unknown): boolean => String((error as { code?: unknown }).code).startsWith('SQLITE_BUSY')

/** It is written whole: one that cannot be read was made by another program. */
function readJson<T>(path: string, schema: z.ZodType<T>): T | undefined {
  if (!existsSync(path)) return undefined
  try {
    return schema.parse(JSON.parse(readFileSync(path, 'utf8')))
  } catch (cause) {
    throw new FileError(`${path} is not the journal of a restore that this version knows`, {
      cause,
      hint: 'Finish the restore with the version of the program that began it.',
    })
  }
}
