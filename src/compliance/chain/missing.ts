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
  const next =
    'Migrations never remove it: somebody did. Compare the file with the backups of before ("gogga backup list").'
  const tables = expected
    .filter((table) => !hasTable(reader, table))
    .map((table): ChainFinding => {
      const place = { file: `${domain}.db`, table }
      const message = `The table ${table} is gone from ${domain}.db`
      return { severity: 'high', section: 'chain', code: 'chain.table-missing', place, message, count: 1, next }
    })
  return [...tables, ...columnsMissingIn(domain, reader, next)]
}

/** Those that hold the links of rows. */
function columnsMissingIn(domain: Domain, reader: Connection, next: string): readonly ChainFinding[] {
  return chainedModels(domain).flatMap(({ name: table, linkColumns = [] }) => {
    const found = new Set(reader.prepare('select name from pragma_table_info(?)').pluck().all(table) as string[])
    if (found.size === 0) return []
    return linkColumns
      .filter(({ name }) => !found.has(name))
      .map(({ name: column }): ChainFinding => {
        const place = { file: `${domain}.db`, table, column }
        const message = `The column ${column} is gone from ${table} of ${domain}.db`
        return { severity: 'high', section: 'chain', code: 'chain.column-missing', place, message, count: 1, next }
      })
  })
}

/** What is left of a chain that cannot be read. */
export const nothingOf = (domain: Domain): Walk => ({
  ...{ domain, links: 0, rows: 0, removedByRetention: 0, end: { position: 0, hash: beginningOf(domain) } },
  ...{ hashes: new Map(), gaps: new Collected(), broken: new Collected(), logs: new Map() },
})
