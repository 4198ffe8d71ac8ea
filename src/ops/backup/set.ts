// A restore point over all three files: copies of one and the same moment, though no transaction spans the files.
//
//   barrier    a mark in the inbox of each file, `barrier:<set>`, which no message bears; committed before the rest begins
//   hold       the write locks of all three files at once: then nobody is between two of them
//   snapshots  a read transaction begins on each file while they are held; then the locks are let go, nothing was written
//   copies     each file is copied out of its read transaction while writers go on, and must hold the barrier
//   backups    each copy goes the way of every backup; its manifest names the set
import { closeSync, openSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { type Connection, openReader, openWriter } from '../../database/connections.ts'
import { DOMAINS, type Domain } from '../../database/domains.ts'
import { knownError } from '../../database/errors.ts'
import { timeText } from '../../database/row-codec.ts'
import { FileError, UnavailableError } from '../../errors.ts'
import { openStore } from './open-store.ts'
import type { Policies } from './policy.ts'
import { type Cut, takeBackup } from './take.ts'
import type { Manifest, OnProgress, Sources } from './types.ts'
import { openWorkFolder } from './work-folder.ts'

export interface SetOptions {
  readonly policies: Policies
  readonly paths: Readonly<Record<Domain, string>>
  readonly sources: Sources
  /** Milliseconds that only go forward. */
  readonly elapsed: () => number
  readonly signal?: AbortSignal | undefined
  readonly progress?: OnProgress | undefined
}

export interface TakenSet {
  readonly set: string
  readonly heldMs: number
  readonly backups: readonly Manifest[]
}

interface OneFile {
  readonly domain: Domain
  readonly writer: Connection
  readonly reader: Connection
}

/** The busiest first: nobody is held while its lock is waited for. */
const ORDER: readonly Domain[] = ['billing', 'identity', 'admin']
const HOLD_MS = 50
/** What is left of it for the snapshots once all locks are had; they take less than one. */
const SNAPSHOT_MS = 10
const FIRST_LOCK_MS = 100
/** In between writers have the files for themselves. */
const PAUSE_MS = 50
const TRIES = 100
const LOOK_EVERY_MS = 0.2
const BARRIER_WAIT_MS = 5_000
const PAGES_AT_A_TIME = 500

export const barrierOf = (set: string): string => `barrier:${set}`

/**
 * Writes a mark to each file, so it needs all three to be writable. Throws UnavailableError where the three locks were not
 * to be had within 50 ms at any of many tries; then, and where one of the backups fails, none of the set's stays.
 */
export async function takeSet(options: SetOptions): Promise<TakenSet> {
  const { policies, sources } = options
  const set = nameOf(sources)
  using work = new DisposableStack()
  const files = DOMAINS.map((domain) => ({ domain, folder: work.use(openWorkFolder(policies[domain], 'set')) }))
  const copies = files.map(({ domain, folder }) => ({ domain, path: folder.file('snapshot.db') }))
  const cut = await copyAll(set, copies, options)
  const backups = await backUp(set, cut, copies, options)
  return { set, heldMs: cut.heldMs, backups }
}

interface Copy {
  readonly domain: Domain
  readonly path: string
}

async function copyAll(set: string, copies: readonly Copy[], options: SetOptions): Promise<Cut> {
  const { paths } = options
  using closing = new DisposableStack()
  const closed = (connection: Connection) => closing.adopt(connection, (one) => one.close())
  const files = ORDER.map((domain): OneFile => {
    // The writer is closed last: the last connection to a file removes its log, and a read-only one cannot.
    const writer = closed(openWriter(domain, paths[domain]))
    return { domain, writer, reader: closed(openReader(domain, paths[domain])) }
  })
  for (const { writer, domain } of files) writeBarrier(writer, domain, set, options)
  const cut = await cutAll(files, options)
  for (const { domain, reader } of files) {
    requireBarrier(reader, domain, set)
    const copy = copies.find((one) => one.domain === domain)
    if (copy) await copySnapshot(reader, copy.path, options)
  }
  return cut
}

/** In place of that of the set before, so that they do not gather. */
function writeBarrier(writer: Connection, domain: Domain, set: string, { paths, sources }: SetOptions): void {
  writer.pragma(`busy_timeout = ${BARRIER_WAIT_MS}`)
  const write = writer.transaction(() => {
    writer.prepare(`delete from "InboxMessage" where id >= 'barrier:' and id < 'barrier;'`).run()
    writer
      .prepare('insert into "InboxMessage" (id, type, receivedAt) values (?, ?, ?)')
      .run(barrierOf(set), 'barrier', timeText(sources.now()))
  })
  try {
    write.immediate()
  } catch (error) {
    throw knownError(error, domain, paths[domain]) ?? error
  }
  writer.pragma('busy_timeout = 0')
}

function requireBarrier(reader: Connection, domain: Domain, set: string): void {
  const found = reader.prepare('select 1 from "InboxMessage" where id = ?').get(barrierOf(set))
  if (!found)
    throw new FileError(`The snapshot of ${domain}.db lacks the barrier of set ${set}: it is of another moment`)
}

async function cutAll(files: readonly OneFile[], { sources, elapsed, signal }: SetOptions): Promise<Cut> {
  for (let tries = 0; tries < TRIES; tries++) {
    signal?.throwIfAborted()
    const takenAt = sources.now()
    const heldMs = holdAll(files, elapsed)
    if (heldMs !== undefined) return { takenAt, heldMs: Math.round(heldMs * 100) / 100 }
    await wait(PAUSE_MS, undefined, { signal })
  }
  throw new UnavailableError(`The three files were never free within ${HOLD_MS} ms: no set was made`, {
    hint: 'A long transaction holds one of them; try again when it is over.',
  })
}

/** Begins the readers' transactions while all writers are held; without an await, so nothing else prolongs it. */
function holdAll(files: readonly OneFile[], elapsed: () => number): number | undefined {
  const held: Connection[] = []
  let since: number | undefined
  try {
    for (const { writer } of files) {
      const until = since === undefined ? elapsed() + FIRST_LOCK_MS : since + HOLD_MS - SNAPSHOT_MS
      if (!lock(writer, until, elapsed)) return undefined
      held.push(writer)
      since ??= elapsed()
    }
    for (const { reader } of files) {
      reader.exec('begin')
      // Only the first read takes the snapshot.
      reader.prepare('select count(*) from sqlite_schema').get()
    }
  } finally {
    for (const writer of held) writer.exec('rollback')
  }
  return elapsed() - (since ?? 0)
}

/** SQLite's own wait sleeps ever longer; a busy writer's pauses are short. */
function lock(writer: Connection, until: number, elapsed: () => number): boolean {
  const cell = new Int32Array(new SharedArrayBuffer(4))
  for (;;) {
    try {
      writer.exec('begin immediate')
      return true
    } catch (error) {
      if (!String((error as { code?: unknown }).code).startsWith('SQLITE_BUSY')) throw error
    }
    if (elapsed() >= until) return false
    Atomics.wait(cell, 0, 0, LOOK_EVERY_MS)
  }
}

/**
 * SQLite's backup reads through the transaction that its connection is in, so it is of that moment and never begins anew;
 * VACUUM INTO would refuse there, and makes the copy compact afterwards.
 */
async function copySnapshot(reader: Connection, into: string, { signal, progress }: SetOptions): Promise<void> {
  closeSync(openSync(into, 'wx', 0o600))
  const pageBytes = reader.pragma('page_size', { simple: true }) as number
  await reader.backup(into, {
    progress({ totalPages, remainingPages }) {
      signal?.throwIfAborted()
      progress?.('copy', (totalPages - remainingPages) * pageBytes, totalPages * pageBytes)
      return PAGES_AT_A_TIME
    },
  })
  reader.exec('rollback')
}

async function backUp(set: string, cut: Cut, copies: readonly Copy[], options: SetOptions): Promise<Manifest[]> {
  const { policies, sources, signal, progress } = options
  const taken: Manifest[] = []
  try {
    for (const { domain, path } of copies)
      taken.push(await takeBackup({ policy: policies[domain], path, sources, set, cut, signal, progress }))
    return taken
  } catch (error) {
    // Half a set would be taken for a restore point.
    for (const manifest of taken) await removeBackup(manifest, policies)
    throw error
  }
}

async function removeBackup({ id, domain, archive }: Manifest, policies: Policies): Promise<void> {
  using store = openStore(policies[domain].target)
  await store.remove(`${id}.json`)
  await store.remove(archive)
}

/** `20261122T231500Z-1f3c9a2e` */
function nameOf({ now, newId }: Sources): string {
  const time = now().toISOString()
  const short = newId()
    .toLowerCase()
    .replace(/[^a-z0-9]/g, '')
  return `${time.replace(/[-:]|\.\d+/g, '')}-${short.slice(0, 8)}`
}
