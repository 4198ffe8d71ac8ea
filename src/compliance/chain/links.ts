// One file's chain against its rows, link by link, in constant memory: both the chain and the logs are read as of one moment.
import { modelsOf } from '../../database/catalog.ts'
import { beginningOf, type ChainEnd, chainedModels } from '../../database/chain.ts'
import type { Connection } from '../../database/connections.ts'
import type { Domain } from '../../database/domains.ts'
import { type HeldLink, type KeptLink, linksInOrder } from './links-in-order.ts'
import { findInserted, type LogWalk, openLog, readLink } from './read-link.ts'
import { Collected } from './report.ts'

export interface WalkOptions {
  readonly now: Date
  /** Positions at which the hash is wanted. */
  readonly wanted: ReadonlySet<number>
  readonly signal?: AbortSignal | undefined
}

export interface Walk {
  readonly domain: Domain
  readonly links: number
  /** Rows that are as they were written. */
  readonly rows: number
  readonly removedByRetention: number
  readonly end: ChainEnd
  readonly hashes: ReadonlyMap<number, Buffer>
  /** Links that are missing between others, and links that do not follow from the one before. */
  readonly gaps: Collected
  readonly broken: Collected
  readonly logs: ReadonlyMap<string, LogWalk>
}

const PORTION = 500

/**
 * `reader` is of the caller's own: nothing else may use it until this is over. Between portions others have their turn. Throws
 * the reason of the signal.
 */
export async function walkChain(domain: Domain, reader: Connection, options: WalkOptions): Promise<Walk> {
  reader.exec('begin')
  try {
    return await walk(domain, reader, options)
  } finally {
    reader.exec('rollback')
  }
}

async function walk(domain: Domain, reader: Connection, { now, wanted, signal }: WalkOptions): Promise<Walk> {
  const logs = new Map(chainedModels(domain).map((model) => [model.name, openLog(model, reader, now)]))
  const found = { gaps: new Collected(), broken: new Collected() }
  const hashes = new Map<number, Buffer>()
  const at = (position: number, digest: string | undefined): End => {
    if (digest !== undefined && wanted.has(position)) hashes.set(position, Buffer.from(digest, 'hex'))
    return { position, digest }
  }
  let [links, rows, removedByRetention] = [0, 0, 0]
  let end = at(0, beginningOf(domain).toString('hex'))
  for (const link of linksInOrder(domain, reader)) {
    const { isNext, isBeyond } = orderOf(link, end)
    const read = readLink(logs, link, isNext ? end.digest : undefined)
    if (isBeyond) found.gaps.add(end.position + 1)
    if (!read.follows || !(isNext || isBeyond)) found.broken.add(link.position)
    if (isNext || isBeyond) end = at(link.position, read.digest)
    links += 1
    rows += read.rows
    removedByRetention += read.past
    if (links % PORTION === 0) await turnOfLoop()
    signal?.throwIfAborted()
  }
  signal?.throwIfAborted()
  for (const log of logs.values()) findInserted(log, reader)
  const hash = Buffer.from(end.digest ?? '', 'hex')
  return {
    ...{ domain, links, rows, removedByRetention, end: { position: end.position, hash }, hashes },
    ...{ ...found, logs },
  }
}

/** Neither: out of order, or no position at all. */
const orderOf = ({ position }: KeptLink | HeldLink, end: End) => ({
  isNext: position === end.position + 1,
  isBeyond: position > end.position + 1,
})

interface End {
  readonly position: number
  /** Of the link there; undefined where it is gone. */
  readonly digest: string | undefined
}

/** Whether what a table is called is a log of a chain, for whoever reads a report. */
export const logsOf = (domain: Domain): readonly string[] =>
  modelsOf(domain).flatMap(({ name, chained }) => (chained ? [name] : []))

const turnOfLoop = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
