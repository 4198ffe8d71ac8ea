// Backups of billing.db and admin.db as the audit looks for them: what their stores hold, and what is wrong with it before any is
// read. The process that searches opens them (audit-scan-process.ts).
import { setTimeout as wait } from 'node:timers/promises'
import type { ScanFile, ScanTask } from '../compliance/audit/bytes/scan.ts'
import type { Finding } from '../compliance/audit/finding.ts'
import type { Archives } from '../compliance/audit/options.ts'
import type { Domain } from '../database/domains.ts'
import { GoggaError } from '../errors.ts'
import { readKey } from '../ops/backup/keys.ts'
import type { Backup } from '../ops/backup/list.ts'
import type { BackupPolicy, Policies } from '../ops/backup/policy.ts'
import { type Kept, keptIn } from '../ops/backup/stored.ts'
import type { ArchiveTask } from './audit-scan-process.ts'

const AUDITED = ['billing', 'admin'] as const
const SCANNER = new URL('./audit-scan-process.ts', import.meta.url)
/** A backup that is put into its store, or pruned, meanwhile has no manifest for a moment. */
const SETTLED_MS = 1_500

/** Nothing of an archive is read before it is searched, only what there is. */
export async function archivesOf(policies: Policies): Promise<Archives> {
  const parts = await Promise.all(AUDITED.map((domain) => partOf(policies, domain)))
  return {
    scanner: SCANNER,
    backups: parts.flatMap(({ backups }) => backups),
    strays: parts.flatMap(({ strays }) => strays),
    findings: parts.flatMap(({ findings }) => findings),
    folders: AUDITED.flatMap((domain) => {
      const { target } = policies[domain]
      return target.kind === 'folder' ? [target.path] : []
    }),
  }
}

interface Part {
  readonly backups: readonly ScanTask[]
  readonly strays: readonly ScanFile[]
  readonly findings: readonly Finding[]
}

async function partOf(policies: Policies, domain: Domain): Promise<Part> {
  const policy = policies[domain]
  try {
    const { backups, missing, strays, unreadable } = await settled(policies, domain)
    if (policy.keyFile !== undefined && backups.some(({ manifest }) => manifest.encryption)) readKey(policy.keyFile)
    return {
      backups: backups.map((backup) => taskOf(policy, backup)),
      strays: strays.flatMap(({ name, path }) =>
        path === undefined ? [] : [{ name: `${domain} backups/${name}`, kind: 'database', path, mayGo: true }],
      ),
      findings: [
        ...unreadable.map((name) => unreadableFinding(domain, name)),
        ...missing.map((id) => missingFinding(domain, id)),
        ...strays.map(({ name }) => strayFinding(domain, name)),
      ],
    }
  } catch (error) {
    return { backups: [], strays: [], findings: [unseenFinding(policy, whyOf(error))] }
  }
}

/** What is wrong is looked at twice. */
async function settled(policies: Policies, domain: Domain): Promise<Kept> {
  const first = await keptIn(policies, domain)
  if (first.missing.length + first.strays.length + first.unreadable.length === 0) return first
  await wait(SETTLED_MS)
  const second = await keptIn(policies, domain)
  const strays = new Set(first.strays.map(({ name }) => name))
  return {
    backups: second.backups,
    missing: second.missing.filter((id) => first.missing.includes(id)),
    strays: second.strays.filter(({ name }) => strays.has(name)),
    unreadable: second.unreadable.filter((name) => first.unreadable.includes(name)),
  }
}

/** Codes alone: messages name places. */
function whyOf(error: unknown): string {
  const cause = error instanceof GoggaError ? (error.cause ?? error) : error
  return (cause as { code?: string }).code ?? 'unknown'
}

const taskOf = ({ target, keyFile }: BackupPolicy, { manifest }: Backup): ScanTask => ({
  ...{ name: manifest.id, kind: 'database', mayGo: true },
  task: { policy: { target, keyFile }, manifest } satisfies ArchiveTask,
})

function unseenFinding({ domain, outOfReach }: BackupPolicy, why: string): Finding {
  const place = { file: `backups of ${domain}.db` }
  const base = { section: 'bytes', code: 'bytes.backups-unseen', place, count: 1 } as const
  if (outOfReach)
    return {
      ...{ ...base, severity: 'info' },
      message: `Backups of ${domain}.db could not be looked into from here (${why}), as "outOfReach" of ${domain} in the backup policy says`,
      next: 'Run the audit now and then as the user who makes these backups, with the key that encrypts them.',
    }
  return {
    ...{ ...base, severity: 'medium' },
    message: `Backups of ${domain}.db could not be looked into from here: ${why}`,
    next: `Run the audit as the user who makes these backups, with the key that encrypts them; where that is done elsewhere, set "outOfReach": true for ${domain} in the backup policy.`,
  }
}

const problem = (domain: Domain, code: string, message: string, next: string): Finding => {
  return {
    severity: 'medium',
    section: 'bytes',
    code,
    message,
    place: { file: `backups of ${domain}.db` },
    count: 1,
    next,
  }
}

const unreadableFinding = (domain: Domain, name: string): Finding =>
  problem(
    domain,
    'bytes.backup-unlisted',
    `${name} cannot be read: the backup that it is about was not looked into`,
    'Remove the backup that it belongs to from the store, or put a copy of its manifest in its place, and audit again.',
  )

const missingFinding = (domain: Domain, id: string): Finding =>
  problem(
    domain,
    'bytes.backup-missing',
    `The archive of ${id} is not where its manifest says`,
    'Find out who moved it: wherever it lies, nobody looks into it. Then remove its manifest from the store.',
  )

const strayFinding = (domain: Domain, name: string): Finding =>
  problem(
    domain,
    'bytes.backup-stray',
    `${name} lies among the backups, and no manifest names it`,
    'Find out who put it there, and remove it; "gogga backup" removes what a killed one left behind.',
  )
