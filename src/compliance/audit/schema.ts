/**
 * Whether the separation stands in the schema (POPIA section 19): every column of every real table has a class, no class of
 * personal information stands outside identity.db, links between files name rows by ids alone, and schema, migrations and the
 * file on disk agree.
 */
import type { Connection } from '../../database/connections.ts'
import { DOMAINS, type Domain } from '../../database/domains.ts'
import type { Finding } from './finding.ts'
import type { SectionResult } from './report.ts'
import { auditCatalog, type Catalog, lookedAt } from './schema-catalog.ts'
import { auditFileSchema } from './schema-file.ts'
import { auditGenerated } from './schema-generated.ts'

export interface SchemaOptions {
  /** Undefined for a file that could not be opened, which another finding says. */
  readonly readers: Readonly<Partial<Record<Domain, Connection>>>
  readonly catalog: Catalog
}

export function auditSchema({ readers, catalog }: SchemaOptions): SectionResult {
  const findings: Finding[] = [...auditCatalog(catalog), ...auditGenerated()]
  const tables = { tables: 0, columns: 0 }
  for (const domain of DOMAINS) {
    const reader = readers[domain]
    if (!reader) continue
    const found = auditFileSchema(domain, reader, catalog)
    findings.push(...found.findings)
    tables.tables += found.tables
    tables.columns += found.columns
  }
  return { findings, looked: { ...tables, ...lookedAt(catalog) } }
}
