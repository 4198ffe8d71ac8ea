// The successor takes the place of the live file by one rename; until then the old one is there, from then on the new one.
// Each step looks at what is there and may be repeated: after a kill the same steps lead to the same end.
import { existsSync, linkSync, renameSync, rmSync, statSync } from 'node:fs'
import { HEAD_FILES, type HeadFile, restoredHead, writeHead } from '../../database/chain-heads.ts'
import { type Connection, openWriter } from '../../database/connections.ts'
import { DOMAINS, type Domain } from '../../database/domains.ts'
import { publish } from '../../database/durable.ts'
import { postMessage } from '../../database/outbox.ts'
import { rowsOver } from '../../database/rows.ts'
import { type Paths, readable } from './dangling.ts'
import { holdFile } from './hold.ts'
import { type Journal, openWork, type Send, type Work, workFolder } from './work.ts'

/** Called at named places, where a test may end the process. */
export type Reached = (place: string) => void

const BUSY_WAIT_MS = 5_000

/** Goes to the end of what the journal says. Throws ConflictError where somebody has the live file open. */
export function goForward(journal: Journal, work: Work, paths: Paths, now: Date, reached: Reached = () => {}): void {
  const { domain, kept, sends, chain } = journal
  if (existsSync(work.copy)) swap(domain, paths[domain], { copy: work.copy, kept }, reached)
  reached('swapped')
  send(sends, paths, now)
  reached('sent')
  if (chain) tellHeads(domain, chain, paths)
  reached('told')
  work.clear()
}

function swap(
  domain: Domain,
  live: string,
  { copy, kept }: { readonly copy: string; readonly kept: string },
  reached: Reached,
): void {
  using _held = existsSync(live) ? holdFile(domain, live) : undefined
  // A second name, so that there is no moment without a file under the first.
  if (existsSync(live) && !existsSync(kept)) linkSync(live, kept)
  reached('linked')
  // Where it could not be read, the old log is still there; SQLite would play it into whatever file has the name.
  const log = `${live}-wal`
  if ((statSync(log, { throwIfNoEntry: false })?.size ?? 0) > 0) renameSync(log, `${kept}-wal`)
  for (const path of [log, `${live}-shm`]) rmSync(path, { force: true })
  reached('logs-moved')
  publish(copy, live)
}

/** Each is written once; what took effect already finds its mark. */
function send(sends: readonly Send[], paths: Paths, now: Date): void {
  for (const origin of DOMAINS) {
    const messages = sends.filter((one) => one.origin === origin).map(({ message }) => message)
    if (messages.length === 0) continue
    const writer = openWriter(origin, paths[origin])
    try {
      writer.pragma(`busy_timeout = ${BUSY_WAIT_MS}`)
      const tx = rowsOver(origin, writer)
      writer.transaction(() => {
        for (const message of messages) postMessage(tx, message, now)
      })()
    } finally {
      writer.close()
    }
  }
}

/** In each file that keeps heads of chains and can be written: what heads said beyond the backup is explained from now on. */
function tellHeads(domain: Domain, { position, hash, at }: NonNullable<Journal['chain']>, paths: Paths): void {
  const head = restoredHead(domain, { position, hash: Buffer.from(hash, 'hex') }, new Date(at))
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
 * Ends restores that were killed: those that had their successor ready go forward, of others nothing is left. Called before
 * the files are opened. Gives the domains whose file was put in place. Throws ConflictError while a restore is at work.
 */
export function recoverRestores(paths: Paths, now: Date): readonly Domain[] {
  return DOMAINS.filter((domain) => existsSync(workFolder(domain, paths))).filter((domain) => {
    using work = openWork(domain, paths)
    const journal = work.readJournal()
    if (journal) goForward(journal, work, paths, now)
    else work.clear()
    return journal !== undefined
  })
}
