// Hits by place, and the findings that are made of them. Only names, kinds and counts get this far.
import { modelsOf } from '../../../database/catalog.ts'
import type { Domain } from '../../../database/domains.ts'
import { findAll } from '../../../pii/find-all.ts'
import type { Finding } from '../finding.ts'
import type { ScannedColumn, ScannedTable } from './columns.ts'
import { isLikePerson } from './key-names.ts'
import type { Hit } from './look.ts'

const NAMES: Readonly<Record<Hit['kind'], string>> = {
  ...{ email: 'an email address', phone: 'a phone number', idNumber: 'a South African ID number' },
  ...{ ip: 'an IP address', card: 'a card number', iban: 'an IBAN', known: 'a name or number of a person' },
}
/** Beyond so many places of one column the paths are left out: keys that differ in every row say nothing. */
const MOST_PATHS = 50

interface Sum {
  readonly hit: Hit
  count: number
}

export class Tally {
  readonly #sums = new Map<ScannedColumn, Map<string, Sum>>()

  /** Counts values, so the same kind at the same path counts once per value. */
  add(column: ScannedColumn, hits: readonly Hit[]): void {
    const sums = this.#sums.get(column) ?? new Map<string, Sum>()
    this.#sums.set(column, sums)
    const counted = new Set<string>()
    for (const hit of hits) {
      const isNew = !sums.has(keyOf(hit))
      const held = isNew && sums.size >= MOST_PATHS ? { ...hit, path: '$..*' } : hit
      const key = keyOf(held)
      const sum = sums.get(key) ?? { hit: held, count: 0 }
      sums.set(key, sum)
      if (!counted.has(key)) sum.count++
      counted.add(key)
    }
  }

  findings(domain: Domain, table: ScannedTable): Finding[] {
    return table.columns.flatMap((column) =>
      [...(this.#sums.get(column)?.values() ?? [])].map((sum) => findingOf(domain, table, column, sum)),
    )
  }
}

const keyOf = ({ kind, path, view, isKnown }: Hit): string => JSON.stringify([kind, path, view, isKnown])

function findingOf(domain: Domain, table: ScannedTable, column: ScannedColumn, { hit, count }: Sum): Finding {
  const { kind, path, view, isKnown } = hit
  const place = { file: `${domain}.db`, table: shown(table.name), column: shown(column.name) }
  const where = [path, view && `(${view})`].filter(Boolean).join(' ')
  const values = count === 1 ? 'value holds' : 'values hold'
  const whose = isKnown && kind !== 'known' ? ', and identity.db knows whose' : ''
  const how = view === '' ? '' : `, seen as ${view}`
  return {
    severity: isKnown || !LESS.has(kind) ? 'high' : 'medium',
    section: 'values',
    code: `values.${kind}`,
    message: `${count} ${values} ${NAMES[kind]}${whose}${how}`,
    place: where === '' ? place : { ...place, path: where },
    count,
    next: nextOf(domain, table.name, column),
  }
}

/** What belongs to one person only in some hands. */
const LESS: ReadonlySet<string> = new Set(['ip', 'phone'])

function nextOf(domain: Domain, table: string, { isKnown, closeness }: ScannedColumn): string {
  const isLog = modelsOf(domain).some(({ name, chained }) => chained && name === table)
  if (!isKnown)
    return `Class the column in prisma/${domain}.prisma, or remove it; what it says of people belongs in identity.db.`
  if (closeness === 'key') return 'Give these rows an opaque id instead, and find what wrote them past the guard.'
  if (isLog)
    return 'Rows of a log are never changed, nor by "gogga audit mend": keep readers from it until its retention ends, and find what wrote it past the guard.'
  return 'Run "npx gogga audit mend": it keeps it in identity.db, with a token in its place. Find what wrote it past the guard.'
}

/** A name of a table or column, unless it is itself what must not be shown. */
export const shown = (name: string): string => (findAll(name).length > 0 || isLikePerson(name) ? '*' : name)
