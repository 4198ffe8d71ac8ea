// The successor takes the place of the live file by one rename; until then the old one is there, from then on the new one.
// Each step looks at what is there and may be repeated: after a kill the same steps lead to the same end.
import { existsSync, linkSync, renameSync, rmSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { HEAD_FILES, type HeadFile, restoredHead, writeHead } from '../../database/chain-heads.ts'
import { type Connection, openWriter } from '../../database/connections.ts'
import { DOMAINS, type Domain } from '../../database/domains.ts'
import { publish } from '../../database/durable.ts'
import { postMessage } from '../../database/outbox.ts'
import { rowsOver } from '../../database/rows.ts'
import { FileError, GoggaError } from '../../errors.ts'
import { understood } from '../backup/failures.ts'
import { type Paths, readable } from './dangling.ts'
import { holdFile } from './hold.ts'
import { clearPlan, type Journal, openWork, type Send, type Work, workFolder } from './work.ts'

/** Called at named places, where a test may end the process. */
export type Reached = (place: string) => void

const BUSY_WAIT_MS = 5_000

/**
 * Goes to the end of what the journal says. Gives the number of messages that wait, since the file that they come from cannot
 * be read. Throws ConflictError where somebody has the live file open.
 */
export function goForward(journal: Journal, work: Work, paths: Paths, now: Date, reached: Reached = () => {}): number {
  const { domain, sends, chain } = journal
  const live = paths[domain]
  // By its name alone: the folder may have been moved since.
  const kept = join(dirname(live), basename(journal.kept))
  if (existsSync(work.copy)) swap(domain, live, { copy: work.copy, kept }, reached)
  reached('swapped')
  work.writeWaiting(sendAll([...work.readWaiting(), ...sends], paths, now))
  reached('sent')
  if (chain) tellHeads(domain, chain, paths)
  reached('told')
  work.clear()
  return work.readWaiting().length
}

function swap(
  domain: Domain,
  live: string,
  { copy, kept }: { readonly copy: string; readonly kept: string },
  reached: Reached,
): void {
  using hold = existsSync(live) ? holdFile(domain, live) : undefined
  // A second name, so that there is no moment without a file under the first.
  if (existsSync(live) && !existsSync(kept)) linkSync(live, kept)
  reached('linked')
  // SQLite would play what it finds beside a name into whatever file has the name. Whoever holds a whole file has its log in
  // it, and its rollback journal, which stays while a lock is exclusive, holds nothing any more.
  for (const ending of hold?.isWhole ? ['-wal'] : ['-wal', '-journal'])
    keepFilled(`${live}${ending}`, `${kept}${ending}`)
  for (const ending of ['-wal', '-shm', '-journal']) rmSync(`${live}${ending}`, { force: true })
  reached('logs-moved')
  publish(copy, live)
}

function keepFilled(path: string, kept: string): void {
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > 0) renameSync(path, kept)
}

/** Gives those that could not be sent, in their order. */
function sendAll(sends: readonly Send[], paths: Paths, now: Date): readonly Send[] {
  return DOMAINS.flatMap((origin) => {
    const own = sends.filter((one) => one.origin === origin)
    return own.length === 0 || send(origin, paths[origin], own, now) ? [] : own
  })
}

/** Each is written once; what took effect already finds its mark. False where the file is missing or cannot be read. */
function send(origin: Domain, path: string, sends: readonly Send[], now: Date): boolean {
  const reader = readable(origin, path)
  if (!reader) return false
  reader.close()
  const writer = openWriter(origin, path)
  try {
    writer.pragma(`busy_timeout = ${BUSY_WAIT_MS}`)
    const tx = rowsOver(origin, writer)
    writer.transaction(() => {
      for (const { message } of sends) postMessage(tx, message, now)
    })()
    return true
  } finally {
    writer.close()
  }
}

/** In each file that keeps heads of chains and can be written: what heads said beyond the backup is explained from now on. */
function tellHeads(domain: Domain, chain: NonNullable<Journal['chain']>, paths: Paths): void {
  const { position, hash, at, keyId = null, signature } = chain
  const unsigned = restoredHead(domain, { position, hash: Buffer.from(hash, 'hex') }, new Date(at))
  const head = { ...unsigned, keyId, signature: signature === undefined ? null : Buffer.from(signature, 'hex') }
  for (const file of HEAD_FILES) {
    const writer = writable(file, paths[file])
    if (!writer) continue
    try {
      writer.pragma(`busy_timeout = ${BUSY_WAIT_MS}`)
      const tx = rowsOver(file, writer)
      writer.transaction(() => writeHead(tx, head))()
    } finally {
      writer.close()
    }
  }
}

/** Undefined where the file is missing, damaged or older than the chains: it holds no heads that could be contradicted. */
function writable(file: HeadFile, path: string): Connection | undefined {
  const reader = readable(file, path)
  const isThere = reader?.prepare(`select 1 from sqlite_schema where type = 'table' and name = 'ChainHead'`).get()
  reader?.close()
  return isThere === undefined ? undefined : openWriter(file, path)
}

/**
 * Ends restores that were killed: those that had their successor ready go forward, of others nothing is left. What waited for a
 * file that is there again is sent. Called before the files are opened. Gives the domains whose file was put in place. Throws
 * ConflictError while a restore is at work, FileError where the system does not let it come to its end.
 */
export function recoverRestores(paths: Paths, now: Date): readonly Domain[] {
  for (const domain of DOMAINS) clearPlan(domain, paths)
  return DOMAINS.filter((domain) => existsSync(workFolder(domain, paths))).filter((domain) => {
    try {
      return recover(domain, paths, now)
    } catch (error) {
      throw unended(error, domain, dirname(paths[domain]))
    }
  })
}

function recover(domain: Domain, paths: Paths, now: Date): boolean {
  using work = openWork(domain, paths)
  const journal = work.readJournal()
  if (journal) goForward(journal, work, paths, now)
  else {
    work.clear()
    const waiting = work.readWaiting()
    if (waiting.length > 0) work.writeWaiting(sendAll(waiting, paths, now))
  }
  return journal !== undefined
}

/** What the system says, with the next step. */
function unended(error: unknown, domain: Domain, folder: string): unknown {
  const known = understood(error, folder, 'after the swap')
  if (known instanceof GoggaError || !(error instanceof Error && 'syscall' in error)) return known
  return new FileError(`The restore of ${domain}.db in ${folder} cannot come to its end: ${error.message}`, {
    cause: error,
    hint: `Put right what it names, then run "npx gogga migrate", or "npx gogga restore ${domain} --from latest".`,
  })
}
