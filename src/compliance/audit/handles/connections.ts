// What the live connections of this process see. Only names are told: where files lie is for those on the machine.
import { realpathSync, statSync } from 'node:fs'
import { modelsOf } from '../../../database/catalog.ts'
import type { Connection } from '../../../database/connections.ts'
import { type Domain, FILES } from '../../../database/domains.ts'
import { fileIdentity, type LiveFile } from '../../../database/probe.ts'
import type { Finding } from '../finding.ts'
import type { SectionResult } from '../report.ts'
import { shown } from '../values/tally.ts'

/** Quick: the schema of each connection is read, and no row. */
export function auditConnections(files: Iterable<LiveFile>): SectionResult {
  const findings: Finding[] = []
  let connections = 0
  for (const file of files) {
    findings.push(...replaced(file))
    for (const [role, connection] of Object.entries(file.connections)) {
      connections += 1
      findings.push(...seenBy(file, role, connection))
    }
  }
  return { findings, looked: { connections } }
}

function replaced({ domain, path, identity }: LiveFile): readonly Finding[] {
  const found = statSync(path, { throwIfNoEntry: false }) ? fileIdentity(path) : undefined
  if (found === identity) return []
  const what = found ? 'another file took its place' : 'the file was moved or deleted'
  const next = 'Restart, so that the connections open what lies there now.'
  return [high(domain, 'handles.replaced', `What is open is not what lies on the disk: ${what}`, 1, next)]
}

function seenBy({ domain, path }: LiveFile, role: string, connection: Connection): readonly Finding[] {
  const [main, ...others] = connection.pragma('database_list') as { name: string; file: string }[]
  const findings: Finding[] = []
  if (others.length > 0) {
    const next = 'Find the ATTACH, or the temporary table, in the code that ran before, and remove it.'
    const message = `The ${role} sees ${others.length} database(s) beside its own file`
    findings.push(high(domain, 'handles.two-files', message, others.length, next))
  }
  if (main?.file !== realOf(path)) {
    const next = 'Restart, and compare the paths of the configuration.'
    findings.push(
      high(domain, 'handles.other-file', `The ${role} sees another file than the one that is configured`, 1, next),
    )
  }
  if (connection.pragma('application_id', { simple: true }) !== FILES[domain].applicationId) {
    const next = 'Point the variable of this file at the right one, and restart.'
    findings.push(high(domain, 'handles.other-domain', `The ${role} sees the file of another domain`, 1, next))
  }
  return [...findings, ...foreignTables(domain, role, connection)]
}

const KNOWN: ReadonlySet<string> = new Set(['_prisma_migrations', '_litestream_seq', '_litestream_lock'])

function foreignTables(domain: Domain, role: string, connection: Connection): readonly Finding[] {
  const sql = `select name from sqlite_schema where type in ('table', 'view') and name not like 'sqlite\\_%' escape '\\'`
  const tables = connection.prepare<[], string>(sql).pluck().all() as unknown as string[]
  const own = new Set(modelsOf(domain).map(({ name }) => name))
  return tables
    .filter((name) => !own.has(name) && !KNOWN.has(name))
    .map((name) => {
      const next = 'Move it out of the file: a connection sees the tables of its own dictionary alone.'
      const found = high(domain, 'handles.foreign-table', `The ${role} sees a table of no dictionary`, 1, next)
      return { ...found, place: { ...found.place, table: shown(name) } }
    })
}

function realOf(path: string): string | undefined {
  try {
    return realpathSync(path)
  } catch {
    return undefined
  }
}

const high = (domain: Domain, code: string, message: string, count: number, next: string): Finding => ({
  ...{ severity: 'high', section: 'handles', code, message, count, next },
  place: { file: `${domain}.db` },
})
