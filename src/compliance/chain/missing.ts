// Tables that a verification reads and somebody dropped: a finding, and the rest is looked at all the same.
import { beginningOf, chainedModels } from '../../database/chain.ts'
import { HEAD_FILES, hasTable } from '../../database/chain-heads.ts'
import type { Connection } from '../../database/connections.ts'
import type { Domain } from '../../database/domains.ts'
import type { Walk } from './links.ts'
import { type ChainFinding, Collected } from './report.ts'

export function missingIn(domain: Domain, reader: Connection): readonly ChainFinding[] {
  const isHeadFile = (HEAD_FILES as readonly Domain[]).includes(domain)
  const expected = ['ChainLink', ...(isHeadFile ? ['ChainHead'] : []), ...chainedModels(domain).map(({ name }) => name)]
  return expected
    .filter((table) => !hasTable(reader, table))
    .map((table) => ({
      ...{ severity: 'high', section: 'chain', code: 'chain.table-missing', place: { file: `${domain}.db`, table } },
      message: `The table ${table} is gone from ${domain}.db`,
      count: 1,
      next: 'Migrations never remove it: somebody did. Compare the file with the backups of before ("gogga backup list").',
    }))
}

/** What is left of a chain that cannot be read. */
export const nothingOf = (domain: Domain): Walk => ({
  ...{ domain, links: 0, rows: 0, removedByRetention: 0, end: { position: 0, hash: beginningOf(domain) } },
  ...{ hashes: new Map(), gaps: new Collected(), broken: new Collected(), logs: new Map() },
})
