// The table of checks, and the one way to run them: the command and the server show the same.
import { statfsSync } from 'node:fs'
import { openWriter } from '../../database/connections.ts'
import { DOMAINS, type Domain } from '../../database/domains.ts'
import {
  checkApplicationId,
  checkForeignKeys,
  checkIntegrity,
  checkMigrations,
  checkSecureDelete,
  checkTraces,
} from './content-checks.ts'
import { checkDisk, checkFreePages, checkLog, checkModes, checkOwners, unfinished } from './file-checks.ts'
import type { Finding } from './finding.ts'
import { checkKept, checkKeptModes, checkRestores, checkUndo } from './left-checks.ts'
import { LIMITS, type Limits } from './limits.ts'
import { checkLinks } from './links.ts'
import { checkHandlers, checkOutbox, checkReceived } from './message-checks.ts'
import { type FileView, openReaders, type View } from './view.ts'
import { checkBackups, checkRestrictions, checkSubscriptions, checkTombstones } from './whole-checks.ts'
import { checkWords } from './word-checks.ts'

export type { Finding, Severity } from './finding.ts'

type Check = (view: FileView) => Iterable<Finding> | AsyncIterable<Finding>

/** Each gives findings about one file; those that compare files give them to the file that holds the link. */
export const CHECKS: Readonly<Record<string, Check>> = {
  integrity: checkIntegrity,
  'foreign keys': checkForeignKeys,
  migrations: checkMigrations,
  'application id': checkApplicationId,
  modes: function* (view) {
    yield* checkModes(view)
    yield* checkKeptModes(view)
  },
  owners: checkOwners,
  wal: checkLog,
  'free pages': checkFreePages,
  disk: checkDisk,
  'secure delete': checkSecureDelete,
  traces: checkTraces,
  outbox: checkOutbox,
  inbox: checkReceived,
  handlers: checkHandlers,
  tombstones: checkTombstones,
  restrictions: checkRestrictions,
  subscriptions: checkSubscriptions,
  links: checkLinks,
  words: checkWords,
  'kept files': checkKept,
  'undo files': checkUndo,
  backups: checkBackups,
}

export interface CheckOptions {
  readonly paths: View['paths']
  readonly now: Date
  /** All three where it is left out. */
  readonly domains?: readonly Domain[]
  readonly quick?: boolean
  /** Without it backups are not checked. */
  readonly backups?: View['backups']
  /** Without it neither undo files nor the modes of backups are looked at. */
  readonly folders?: View['folders']
  readonly limits?: Partial<Limits>
  readonly openWriter?: View['openWriter']
  readonly freeBytes?: View['freeBytes']
  /** Names of checks; all of them where it is left out. */
  readonly only?: readonly string[]
  /** Before each check of each file. */
  readonly onCheck?: (name: string, domain: Domain, done: number, total: number) => void
}

/**
 * Runs every check over read-only connections of its own, closed at the end. It never throws for what it finds, nor for a
 * file that cannot be read: that is a finding. `integrity` holds the thread for one statement, on a large file
 * for seconds: a server runs this in a worker, or leaves them out by `only`.
 */
export async function* runChecks(options: CheckOptions): AsyncGenerator<Finding> {
  const { paths, now, domains = DOMAINS, quick = false, only = Object.keys(CHECKS), onCheck } = options
  const { readers, findings } = openReaders(paths, domains)
  try {
    yield* findings
    const view: View = {
      ...{ paths, domains, readers, now, quick, backups: options.backups },
      folders: options.folders,
      limits: { ...LIMITS, ...options.limits },
      openWriter: options.openWriter ?? openWriter,
      freeBytes: options.freeBytes ?? freeBytesOf,
    }
    for (const domain of domains) yield* checkRestores({ ...view, domain })
    const asked = domains.filter((domain) => readers[domain])
    const runs = asked.flatMap((domain) => only.map((name) => ({ domain, name })))
    for (const [done, { domain, name }] of runs.entries()) {
      onCheck?.(name, domain, done, runs.length)
      yield* runOne(view, domain, name)
    }
  } finally {
    for (const reader of Object.values(readers)) reader.close()
  }
}

async function* runOne(view: View, domain: Domain, name: string): AsyncGenerator<Finding> {
  const [reader, check] = [view.readers[domain], CHECKS[name]]
  if (!reader || !check) return
  try {
    yield* check({ ...view, domain, path: view.paths[domain], reader })
  } catch (error) {
    yield unfinished(name, domain, error)
  }
}

function freeBytesOf(folder: string): number {
  const { bavail, bsize } = statfsSync(folder)
  return bavail * bsize
}
