// What split and merge tell: counts, names of tables and columns, checksums. Never a value.
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { pathInFolder } from '../config.ts'
import type { Connection } from '../database/connections.ts'
import { DOMAINS } from '../database/domains.ts'
import { GoggaError } from '../errors.ts'
import type { Phase } from './context.ts'
import type { Counts } from './counts.ts'
import { type FoundTable, knownTable } from './inspect.ts'
import type { LinkCount } from './orphans.ts'
import type { Plan } from './plan.ts'
import type { SideProof, TableProof } from './proof.ts'
import { needsUnassigned, UNASSIGNED } from './target-files.ts'

export interface Application {
  readonly name: string
  readonly version: string
}

export interface ProvedTable {
  readonly table: string
  /** The file that holds its rows now. */
  readonly file: string
  readonly rows: { readonly legacy: number; readonly files: number }
  /** Sum modulo 2^256 of the SHA-256 of each row, hexadecimal. */
  readonly checksum: { readonly legacy: string; readonly files: string }
  readonly equal: boolean
}

export interface ProvedLink {
  readonly link: string
  /** Links to rows that are not there, before and after; `resolved` named a user by email and name the user's id now. */
  readonly orphans: { readonly legacy: number; readonly files: number; readonly resolved: number }
}

export interface FileSize {
  readonly file: string
  readonly bytes: number
}

export type Durations = Partial<Record<Phase, number>>

export interface SplitReport {
  readonly kind: 'split'
  readonly application: Application
  readonly legacy: { readonly path: string; readonly bytes: number; readonly encoding: string }
  readonly into: string
  readonly dryRun: boolean
  /** Whether the run went on with the work of one that was stopped, began anew, or was the first. */
  readonly begun: 'first' | 'resumed' | 'anew' | 'published'
  readonly startedAt: string
  readonly finishedAt: string
  /** Milliseconds. */
  readonly durations: Durations
  readonly tables: readonly ProvedTable[]
  readonly orphans: readonly ProvedLink[]
  /** By column and spelling. */
  readonly times: Counts['times']
  readonly unreadableTimes: Counts['unreadableTimes']
  /** By column: how its values were understood. */
  readonly subjects: Counts['subjects']
  readonly contacts: number
  /** By place (`billing.SubscriptionEvent.meta`) and kind. */
  readonly detached: Readonly<Record<string, Readonly<Record<string, number>>>>
  /** By column: legacy values that merge cannot derive and that are kept in identity.db. */
  readonly originals: Readonly<Record<string, number>>
  readonly filled: Counts['filled']
  /** Tables of the catalog that the input lacks; they are empty now. */
  readonly missingTables: readonly string[]
  readonly unassigned: {
    readonly tables: readonly { readonly table: string; readonly rows: number }[]
    readonly columns: readonly { readonly table: string; readonly columns: readonly string[] }[]
    /** Kept as DDL in identity.db, for merge. */
    readonly objects: readonly { readonly kind: string; readonly name: string }[]
  }
  readonly files: readonly FileSize[]
}

export interface MergeReport {
  readonly kind: 'merge'
  readonly application: Application
  readonly from: string
  readonly into: string
  readonly layout: 'single' | 'prefixed'
  readonly startedAt: string
  readonly finishedAt: string
  readonly durations: Durations
  readonly tables: readonly ProvedTable[]
  /** Columns that the unified database did not have, added since rows hold values in them now. */
  readonly addedColumns: readonly string[]
  /** Views and triggers that name tables that are gone, which the prefixed layout cannot keep. */
  readonly leftOut: readonly string[]
  readonly files: readonly FileSize[]
}

export function applicationOf(): Application {
  const text = readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8')
  const { name, version } = JSON.parse(text) as Application
  return { name, version }
}

/** What the new files hold beside the tables, counted there. */
export function countKept(identity: Connection): Pick<SplitReport, 'contacts' | 'detached' | 'originals'> {
  const contacts = identity.prepare('select count(*) from "Contact"').pluck().get() as number
  const originals = identity
    .prepare(`select "table" || '.' || "column", count(*) from "LegacyOriginal" group by "table", "column"`)
    .raw()
    .all() as [string, number][]
  const kinds = identity
    .prepare('select place, kind, count(*) from "DetachedValue" group by place, kind')
    .raw()
    .all() as [string, string, number][]
  const detached: Record<string, Record<string, number>> = {}
  for (const [place, kind, count] of kinds) {
    detached[place] ??= {}
    detached[place][kind] = count
  }
  return { contacts, detached, originals: Object.fromEntries(originals) }
}

export const provedTables = (plan: Plan, legacy: readonly TableProof[], files: readonly TableProof[]): ProvedTable[] =>
  provedPairs(
    [...plan.known, ...plan.unknown].map(({ table }) => table),
    legacy,
    files,
  )

/** `legacy` and `files` may come in any order. */
export function provedPairs(
  tables: readonly FoundTable[],
  legacy: readonly TableProof[],
  files: readonly TableProof[],
): ProvedTable[] {
  return tables.map((table) => {
    const [before, after] = [proofFor(legacy, table.name), proofFor(files, table.name)]
    return {
      table: table.name,
      file: knownTable(table)?.main.domain ?? UNASSIGNED,
      rows: { legacy: before.rows, files: after.rows },
      checksum: { legacy: before.checksum, files: after.checksum },
      equal: before.rows === after.rows && before.checksum === after.checksum,
    }
  })
}

/** Throws GoggaError `unproved` where a table differs. */
export function requireEqual(tables: readonly ProvedTable[]): void {
  const unequal = tables.filter(({ equal }) => !equal)
  if (unequal.length === 0) return
  const errors = unequal.map(({ table, rows }) => ({
    at: table,
    message:
      rows.legacy === rows.files
        ? 'has other values'
        : `has ${rows.files} rows in the files, ${rows.legacy} in the unified layout`,
  }))
  const text = errors.map(({ at, message }) => `${at} ${message}`).join('; ')
  throw new GoggaError('unproved', 500, 1, `The two sides are not equal: ${text}. Nothing was published.`, {
    errors,
    hint: 'This is a mistake in the program; the input is as it was.',
  })
}

function proofFor(proofs: readonly TableProof[], name: string): TableProof {
  const proof = proofs.find(({ table }) => table === name)
  if (!proof) throw new Error(`The proof lacks ${name}`)
  return proof
}

export function provedLinks(legacy: SideProof, files: SideProof, subjects: Counts['subjects']): ProvedLink[] {
  return legacy.orphans.map(({ link, orphans }: LinkCount) => {
    const now = files.orphans.find((other) => other.link === link)?.orphans ?? 0
    const kinds = subjects[link]
    const resolved = (kinds?.user ?? 0) + (kinds?.userByCase ?? 0)
    return { link, orphans: { legacy: orphans, files: now, resolved } }
  })
}

export const unassignedOf = ({ unknown, unknownColumns, layout }: Plan): SplitReport['unassigned'] => ({
  tables: unknown.map(({ table, rows }) => ({ table: table.name, rows })),
  columns: unknownColumns,
  objects: layout.schema
    .filter(({ kind }) => kind === 'view' || kind === 'trigger' || kind === 'virtual')
    .map(({ kind, name }) => ({ kind, name })),
})

export function fileSizes(folder: string, plan: Plan): FileSize[] {
  const names = [...DOMAINS, ...(needsUnassigned(plan) ? [UNASSIGNED] : [])]
  return names.map((file) => ({ file, bytes: statSync(pathInFolder(folder, file)).size }))
}
