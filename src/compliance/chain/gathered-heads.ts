// Heads from everywhere they are kept: identity.db, admin.db and what a reviewer exported. Each source is compared with the others.
import { HEAD_FILES, type Head, type HeadFile, headBytes, headsIn } from '../../database/chain-heads.ts'
import type { Connection } from '../../database/connections.ts'
import type { Domain } from '../../database/domains.ts'
import type { Tx } from '../../database/rows.ts'
import { keyIdOf, verifySignature } from '../signing.ts'

export type Source = HeadFile | 'export'

export interface Gathered {
  readonly head: Head
  readonly sources: readonly Source[]
  /** Sources disagree about what this head says. */
  readonly differs: boolean
  readonly signature: 'good' | 'wrong' | 'unknown key' | 'none'
}

type Readers = Readonly<Record<Domain, Connection>>

/** In the order of time; a head whose content differs is there once for each content. */
export function gatherHeads(
  readers: Readers,
  exported: readonly Head[],
  publicKeys: readonly string[],
): readonly Gathered[] {
  const keys = new Map(publicKeys.map((pem) => [keyIdOf(pem), pem]))
  const found = new Map<string, { head: Head; sources: Source[] }>()
  const take = (source: Source, heads: readonly Head[]) => {
    for (const head of heads) {
      const content = `${headBytes(head).toString()} ${head.signature?.toString('hex')}`
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
      signature: judge(head, keys),
    }))
    .sort((a, b) => (a.head.createdAt < b.head.createdAt ? -1 : 1))
}

export const headsOf = (reader: Connection): readonly Head[] =>
  headsIn({ all: <T>(sql: string) => reader.prepare(sql).all() as T[] } satisfies Pick<Tx, 'all'>)

function judge(head: Head, keys: ReadonlyMap<string, string>): Gathered['signature'] {
  if (head.signature === null || head.keyId === null) return 'none'
  const pem = keys.get(head.keyId)
  if (pem === undefined) return 'unknown key'
  return verifySignature(pem, headBytes(head), head.signature) ? 'good' : 'wrong'
}
