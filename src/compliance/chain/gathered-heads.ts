// Heads from everywhere they are kept: identity.db, admin.db and what a reviewer exported. Each source is compared with the others.
import { HEAD_FILES, type Head, type HeadFile, headBytes, headsOf } from '../../database/chain-heads.ts'
import type { Connection } from '../../database/connections.ts'
import type { Domain } from '../../database/domains.ts'
import { keyIdOf, verifySignature } from '../signing.ts'

export type Source = HeadFile | 'export'

export type Signature = 'good' | 'wrong' | 'unknown key' | 'none'

export interface Gathered {
  readonly head: Head
  readonly sources: readonly Source[]
  /** Sources disagree about what this head says. */
  readonly differs: boolean
  readonly signature: Signature
}

type Readers = Readonly<Record<Domain, Connection>>

/** In the order of time; a head whose content differs is there once for each content. */
export function gatherHeads(
  readers: Readers,
  exported: readonly Head[],
  publicKeys: readonly string[],
): readonly Gathered[] {
  const signatureOf = signaturesBy(publicKeys)
  const found = new Map<string, { head: Head; sources: Source[] }>()
  const take = (source: Source, heads: readonly Head[]) => {
    for (const head of heads) {
      const content = contentOf(head)
      const known = found.get(content)
      if (known) known.sources.push(source)
      else found.set(content, { head, sources: [source] })
    }
  }
  for (const file of HEAD_FILES) take(file, headsOf(readers[file]))
  take('export', exported)
  const all = [...found.values()]
  const contents = new Map<string, number>()
  for (const { head } of all) contents.set(head.id, (contents.get(head.id) ?? 0) + 1)
  return all
    .map(({ head, sources }) => ({
      head,
      sources,
      differs: (contents.get(head.id) ?? 0) > 1,
      signature: signatureOf(head),
    }))
    .sort((a, b) => (a.head.createdAt < b.head.createdAt ? -1 : 1))
}

export const contentOf = (head: Head): string => `${headBytes(head)} ${head.signature?.toString('hex')}`

/** `publicKeys`: Ed25519 in PEM. */
export function signaturesBy(publicKeys: readonly string[]): (head: Head) => Signature {
  const keys = new Map(publicKeys.map((pem) => [keyIdOf(pem), pem]))
  return (head) => {
    if (head.signature === null || head.keyId === null) return 'none'
    const pem = keys.get(head.keyId)
    if (pem === undefined) return 'unknown key'
    return verifySignature(pem, headBytes(head), head.signature) ? 'good' : 'wrong'
  }
}

type Signed = Pick<Gathered, 'head' | 'signature'>

export const isMark = ({ head }: Pick<Gathered, 'head'>): boolean => head.kind === 'restored'
export const timeOf = ({ head }: Pick<Gathered, 'head'>): number => Date.parse(head.createdAt)

/** What it was counted as, also where a time follows; NaN where its id is none of ours. */
export const numberOf = ({ head }: Pick<Gathered, 'head'>): number =>
  Number(new RegExp(`^${head.domain}-(\\d+)(?:-\\d{8}T\\d{9}Z)?$`).exec(head.id)?.[1])

const RANKS: Readonly<Record<Signature, number>> = { good: 2, 'unknown key': 1, none: 0, wrong: -1 }
export const rankOf = ({ signature }: Pick<Gathered, 'signature'>): number => RANKS[signature]

/** A clock may be a little ahead of another. */
const AHEAD_MS = 300_000
export const isOfFuture = (one: Pick<Gathered, 'head'>, now: Date): boolean =>
  !(timeOf(one) <= now.getTime() + AHEAD_MS)

/** What a mark says it does: its file went back to before this head. Whether it is believed is another question. */
export const goesBehind = (mark: Signed, one: Signed): boolean =>
  isMark(mark) &&
  mark !== one &&
  mark.head.domain === one.head.domain &&
  timeOf(mark) >= timeOf(one) &&
  mark.head.position < one.head.position

/**
 * The mark explains that the chain does not lead to this head any more. One whose signature is worth less than the head's explains
 * nothing: then also the times are those that were signed.
 */
export const supersedes = (mark: Signed, one: Signed, now: Date): boolean =>
  goesBehind(mark, one) && rankOf(mark) >= rankOf(one) && rankOf(mark) >= 0 && !isOfFuture(mark, now)
