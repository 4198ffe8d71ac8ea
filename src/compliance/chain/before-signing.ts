// Before a chain gets another head: what was written since the last one must hold, and lead on from it. Else the signature would
// cover whatever somebody did to the file. Only links and rows since then are read, a few at a time: a server signs while it answers.
import { type CatalogModel, quote } from '../../database/catalog.ts'
import {
  beginningOf,
  type ChainEnd,
  chainedModels,
  HASH_BYTES,
  type Link,
  linkHashOf,
  rowHashOf,
  rowIdsOf,
} from '../../database/chain.ts'
import { HEAD_FILES, type Head, hasTable, headsOf } from '../../database/chain-heads.ts'
import { type Files, rowsIn } from '../../database/clients.ts'
import type { Connection } from '../../database/connections.ts'
import type { Domain } from '../../database/domains.ts'
import { cutoffOf, retentionsOf } from '../../database/retention.ts'
import { type Stored, timeText } from '../../database/row-codec.ts'
import { contentOf, goesBehind, isMark, isOfFuture, numberOf, type Signature, supersedes } from './gathered-heads.ts'
import { mustBeSigned, wayOf } from './judge-marks.ts'

export interface Refusal {
  readonly domain: Domain
  /** A sentence. */
  readonly why: string
  /** What to name to sign all the same: a mark of a restore, or the domain. */
  readonly accept: string
}

export interface KnownHead {
  readonly head: Head
  readonly signature: Signature
}

export interface BeforeOptions {
  readonly now: Date
  readonly hasKey: boolean
  readonly signatureOf: (head: Head) => Signature
}

/** Where the chain ends that may be signed. */
export type Examined = { readonly end: ChainEnd } | { readonly refusal: Refusal }

/** Each content once. */
export function headsOfBoth(files: Files): readonly Head[] {
  const all = HEAD_FILES.flatMap((file) => headsOf(files[file].reader))
  return [...new Map(all.map((head) => [contentOf(head), head])).values()]
}

export async function examine(
  files: Files,
  domain: Domain,
  options: BeforeOptions & { readonly isAccepted: boolean },
): Promise<Examined> {
  if (!hasTable(files[domain].reader, 'ChainLink'))
    return { refusal: { domain, why: 'its table ChainLink is gone', accept: domain } }
  const end = newestOf(files, domain)
  if (options.isAccepted) return { end }
  const base = baseOf(domain, headsOfBoth(files), options)
  if ('refusal' in base) return base
  const why = await brokenSince({ domain, reader: files[domain].reader, now: options.now }, base, end)
  return why === undefined ? { end } : { refusal: { domain, why, accept: domain } }
}

const newestOf = (files: Files, domain: Domain): ChainEnd =>
  rowsIn(files, domain).all<ChainEnd>('select position, hash from "ChainLink" order by position desc limit 1')[0] ?? {
    position: 0,
    hash: beginningOf(domain),
  }

type Base = (ChainEnd & { readonly name: string }) | { readonly refusal: Refusal }

/** The newest statement about the chain that is believed, where nothing newer contradicts it. */
function baseOf(domain: Domain, all: readonly Head[], { now, hasKey, signatureOf }: BeforeOptions): Base {
  const refuse = (why: string, accept: string = domain) => ({ refusal: { domain, why, accept } })
  const own = all.filter((head) => head.domain === domain)
  const heads = own.filter((head) => !isMark({ head })).sort((a, b) => orderOf(b) - orderOf(a))
  if (heads.length === 0 && all.some((head) => head.domain !== domain && !isMark({ head })))
    return refuse('it has no head, and the other chains have some: they were removed')
  if (!hasKey && heads.some(({ signature }) => signature !== null))
    return refuse('its heads are signed, and GOGGA_SIGNING_KEY_FILE is not set')
  const newer: Head[] = []
  let last: KnownHead | undefined
  for (const head of heads) {
    const signature = signatureOf(head)
    if (hasKey ? signature !== 'good' : signature !== 'none') newer.push(head)
    else last = { head, signature }
    if (last) break
  }
  if (newer.length > 0)
    return refuse(`${newer.length} of its heads, the newest, are not signed with a key that is known here`)
  if (!last) return { position: 0, hash: beginningOf(domain), name: 'its beginning' }
  const marks = own.filter((head) => isMark({ head })).map((head) => ({ head, signature: signatureOf(head) }))
  const behind = marks.filter((mark) => !isOfFuture(mark, now) && goesBehind(mark, last))
  const believed = behind.filter((mark) => supersedes(mark, last, now)).sort(byTime)
  const unsigned = behind.find((mark) => mustBeSigned(mark, [last, ...marks], now))
  if (unsigned) {
    const known = heads.map((head) => ({ head, signature: 'none' as const }))
    return refuse(
      `it was put back at ${unsigned.head.createdAt}, ${wayOf(unsigned, known)}, as a mark says that is not signed`,
      unsigned.head.id,
    )
  }
  const { head } = believed.at(-1) ?? last
  return { position: head.position, hash: head.hash, name: `the head ${head.id}` }
}

const byTime = (a: KnownHead, b: KnownHead): number => (a.head.createdAt < b.head.createdAt ? -1 : 1)

/** Those without a number first: they are newer than whatever is known. */
const orderOf = (head: Head): number => numberOf({ head }) || Number.POSITIVE_INFINITY

interface Chain {
  readonly domain: Domain
  readonly reader: Connection
  readonly now: Date
}

const PORTION = 100
/** Then others have their turn: some milliseconds. */
const ROWS_AT_ONCE = 200

/** What is wrong between the two; undefined where nothing is. */
async function brokenSince(
  { domain, reader, now }: Chain,
  base: ChainEnd & { readonly name: string },
  end: ChainEnd,
): Promise<string | undefined> {
  const portionAfter = reader.prepare<[number, number], Link & { readonly hash: Buffer }>(
    `select position, log, rowId, createdAt, rowHash, hash from "ChainLink"
     where position > ? and position <= ? order by position limit ${PORTION}`,
  )
  const at = reader.prepare<[number], Buffer>('select hash from "ChainLink" where position = ?').pluck()
  const began = base.position === 0 ? beginningOf(domain) : at.get(base.position)
  if (!began?.equals(base.hash)) return `the chain does not lead to ${base.name} of position ${base.position}`
  const rows = rowChecks(domain, reader, now)
  let before: ChainEnd = base
  let read = 0
  while (before.position < end.position) {
    const portion = portionAfter.all(before.position, end.position)
    if (portion.length === 0) break
    for (const link of portion) {
      const isNext = link.position === before.position + 1
      if (!isNext || !linkHashOf(before.hash, { ...link, createdAt: String(link.createdAt) }).equals(link.hash))
        return `the link at position ${link.position} does not follow from the one before`
      const checked = rows(link)
      if (checked === undefined) return `rows that the link at position ${link.position} covers were changed or removed`
      before = { position: link.position, hash: link.hash }
      read += checked
      if (read > ROWS_AT_ONCE) {
        read = 0
        await turnOfLoop()
      }
    }
  }
  return before.hash.equals(end.hash) ? undefined : `the chain changed while it was read`
}

type Row = Readonly<Record<string, Stored>>

const SECOND_MS = 1_000

/** Gives how many rows a link covers; undefined where one is not as it was written, or gone before its time. */
function rowChecks(domain: Domain, reader: Connection, now: Date): (link: Link) => number | undefined {
  const logs = new Map(
    chainedModels(domain).map((model) => {
      const retention = retentionsOf([domain]).find((one) => one.model.name === model.name)
      const before = retention ? timeText(new Date(cutoffOf(retention, now).getTime() + SECOND_MS)) : ''
      const row = reader.prepare<[string], Row>(`select * from ${quote(model.name)} where ${quote(keyOf(model))} = ?`)
      return [model.name, { model, before, row }] as const
    }),
  )
  return (link) => {
    const log = logs.get(link.log)
    const ids = log && idsOf(link)
    if (!log || !ids || link.rowHash.length !== ids.length * HASH_BYTES) return undefined
    const isWhole = ids.every((id, nth) => {
      const row = log.row.get(id)
      if (!row) return link.createdAt < log.before
      return rowHashOf(log.model, row).equals(link.rowHash.subarray(nth * HASH_BYTES, (nth + 1) * HASH_BYTES))
    })
    return isWhole ? ids.length : undefined
  }
}

const keyOf = (model: CatalogModel): string => model.key[0] ?? ''

function idsOf(link: Link): readonly string[] | undefined {
  try {
    return rowIdsOf(link)
  } catch {
    return undefined
  }
}

const turnOfLoop = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
