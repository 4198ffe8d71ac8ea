// Links between one file, such as a restored one, and the live others, in both directions.
import { quote } from '../../database/catalog.ts'
import { type Connection, openReader } from '../../database/connections.ts'
import { DOMAINS, type Domain } from '../../database/domains.ts'
import { countOrphans, type LinkEnd, linksOf, nameOfLink } from '../check/links.ts'
import type { Readers } from '../check/view.ts'

export type Paths = Readonly<Record<Domain, string>>

export interface Dangling {
  /** `billing.Subscription.userId` */
  readonly link: string
  readonly policy: 'keep' | 'delete' | 'null'
  /** Rows that name a row which is not there. */
  readonly rows: number
  /** Rows that name anything. */
  readonly of: number
}

export interface Siblings extends Disposable {
  readonly readers: Readers
  /** Files that could not be opened: links to and from them are not compared. */
  readonly closed: readonly Domain[]
}

/** The other files, read-only. */
export function openSiblings(domain: Domain, paths: Paths): Siblings {
  const readers: Partial<Record<Domain, Connection>> = {}
  const closed: Domain[] = []
  for (const other of DOMAINS.filter((candidate) => candidate !== domain)) {
    const reader = readable(other, paths[other])
    if (reader) readers[other] = reader
    else closed.push(other)
  }
  return {
    readers,
    closed,
    [Symbol.dispose]() {
      for (const reader of Object.values(readers)) reader.close()
    },
  }
}

/** Undefined where nothing is there, or nothing that can be read as this file. */
export function readable(domain: Domain, path: string): Connection | undefined {
  let reader: Connection | undefined
  try {
    reader = openReader(domain, path, { cacheMb: 8 })
    reader.prepare('select 1 from "InboxMessage" limit 1').get()
    return reader
  } catch {
    reader?.close()
    return undefined
  }
}

/** Links from and to `domain` whose rows are missing, ascending by name; only those with such rows. */
export async function danglingLinks(domain: Domain, readers: Readers): Promise<readonly Dangling[]> {
  const found: Dangling[] = []
  for (const end of linksAround(domain)) {
    const reader = readers[end.model.domain]
    if (!reader || !readers[end.link.to.domain]) continue
    const { rows } = await countOrphans(end, readers)
    const [column, table] = [quote(end.link.column), quote(end.model.name)]
    const of = reader.prepare(`select count(${column}) from ${table}`).pluck().get() as number
    if (rows > 0) found.push({ link: nameOfLink(end), policy: end.link.onErase, rows, of })
  }
  return found.sort((a, b) => (a.link < b.link ? -1 : 1))
}

const linksAround = (domain: Domain): readonly LinkEnd[] => [
  ...linksOf(domain),
  ...DOMAINS.filter((other) => other !== domain).flatMap((other) =>
    linksOf(other).filter(({ link }) => link.to.domain === domain),
  ),
]
