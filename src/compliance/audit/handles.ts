/**
 * Who holds the files, and what they see (POPIA section 19): each live connection one file with the tables of its dictionary;
 * which process of this machine has which file open; rights and owners; and sources that cannot open two files on one
 * connection.
 */
import { dirname } from 'node:path'
import { DOMAINS, type Domain } from '../../database/domains.ts'
import type { Finding } from './finding.ts'
import { auditModes } from './handles/modes.ts'
import { auditProcesses, type Proc } from './handles/processes.ts'
import { auditSources } from './handles/sources.ts'
import type { SectionResult } from './report.ts'

export interface HandlesOptions {
  readonly paths: Readonly<Record<Domain, string>>
  /** Of the connections of whoever runs the audit; see `auditConnections`. */
  readonly connections: SectionResult
  readonly processes?: Proc
  /** Of backups: they have rights of their own. */
  readonly folders?: readonly string[]
}

export async function auditHandles({
  paths,
  connections,
  processes = {},
  folders: except = [],
}: HandlesOptions): Promise<SectionResult> {
  const findings: Finding[] = [...connections.findings]
  for (const domain of DOMAINS) {
    const isShared = DOMAINS.some((other) => other !== domain && dirname(paths[other]) === dirname(paths[domain]))
    findings.push(...auditModes(domain, paths[domain], { isShared, except }))
  }
  const found = auditProcesses(paths, processes)
  const sources = auditSources()
  return {
    findings: [...findings, ...found.findings, ...sources.findings],
    looked: { ...connections.looked, ...found.looked, ...sources.looked },
  }
}
