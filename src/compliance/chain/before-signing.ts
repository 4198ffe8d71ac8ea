// Before a chain gets another head: what was written since the last one must hold, and lead on from it. Else the signature would
// cover whatever somebody did to the file. Only links and rows since then are read, a few at a time: a server signs while it answers.
import { quote } from '../../database/catalog.ts'
import { beginningOf, type ChainEnd, chainEndOf, chainedModels, linkTextOf } from '../../database/chain.ts'
import { HEAD_FILES, type Head, hasTable, headsOf } from '../../database/chain-heads.ts'
import type { Files } from '../../database/clients.ts'
import type { Connection } from '../../database/connections.ts'
import type { Domain } from '../../database/domains.ts'
import { contentOf, goesBehind, isMark, isOfFuture, numberOf, type Signature, supersedes } from './gathered-heads.ts'
import { mustBeSigned, wayOf } from './judge-marks.ts'
import { BEFORE_ALL, linksInOrder, type Place, placeOf } from './links-in-order.ts'
import { openLog, readLink } from './read-link.ts'

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
  chainEndOf(domain, files[domain].reader) ?? { position: 0, hash: beginningOf(domain) }

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

/** Then others have their turn: some milliseconds. */
const ROWS_AT_ONCE = 200

type From = ChainEnd & { readonly name: string }

/** What is wrong between the two; undefined where nothing is. Rows that are out of order are looked for everywhere. */
async function brokenSince(chain: Chain, base: From, end: ChainEnd): Promise<string | undefined> {
  const why = await brokenAfter(chain, base, end, placeOf(chain.domain, chain.reader, base.position))
  if (why === undefined) return undefined
  return await brokenAfter(chain, base, end, { position: base.position, rowid: BEFORE_ALL })
}

async function brokenAfter(
  { domain, reader, now }: Chain,
  base: From,
  end: ChainEnd,
  place: Place,
): Promise<string | undefined> {
  const began = base.position === 0 ? beginningOf(domain) : hashAt(domain, reader, place)
  if (!began?.equals(base.hash)) return `the chain does not lead to ${base.name} of position ${base.position}`
  const logs = new Map(chainedModels(domain).map((model) => [model.name, openLog(model, reader, now)]))
  let before = { position: base.position, digest: base.hash.toString('hex') }
  let read = 0
  for (const link of linksInOrder(domain, reader, place)) {
    if (link.position > end.position) break
    const { follows, digest, rows } = readLink(logs, link, before.digest)
    if (link.position !== before.position + 1 || !follows)
      return `the link at position ${link.position} does not follow from the one before`
    const wrong = [...logs.values()].some(
      ({ changed, removed, inserted }) => changed.count + removed.count + inserted.count > 0,
    )
    if (wrong || digest === undefined)
      return `rows that the link at position ${link.position} covers were changed or removed`
    before = { position: link.position, digest }
    read += rows
    if (read <= ROWS_AT_ONCE) continue
    read = 0
    await turnOfLoop()
  }
  return before.digest === end.hash.toString('hex') ? undefined : 'the chain changed while it was read'
}

/** Of the link at the position of `place`, in ChainLink or in the last row before it that holds one. */
function hashAt(domain: Domain, reader: Connection, { position, rowid }: Place): Buffer | undefined {
  const kept = reader.prepare('select hash from "ChainLink" where position = ?').pluck().get(position)
  if (kept instanceof Uint8Array) return Buffer.from(kept)
  for (const { name } of chainedModels(domain)) {
    const where = rowid === BEFORE_ALL ? 'rowid > @rowid' : 'rowid <= @rowid and rowid > @rowid - 500'
    const sql = `select chainHash from ${quote(name)} where chainPosition = @position and chainHash is not null and ${where}`
    const text = linkTextOf(reader.prepare(sql).pluck().get({ position, rowid }))
    if (text) return Buffer.from(text.digest, 'hex')
  }
  return undefined
}

const turnOfLoop = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
