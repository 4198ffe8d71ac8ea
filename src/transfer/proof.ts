// Both sides of the proof. `legacy` reads a database in the unified layout as it is; `files` reads the new files by
// merge's rules. Equal counts and checksums say that nothing was lost and that merge gives back everything.
import type { Connection } from '../database/connections.ts'
import { DOMAINS, type Domain } from '../database/domains.ts'
import type { Cell, TextEncoding } from './cells.ts'
import { Checksum, encodeRow } from './checksum.ts'
import { carriedColumns, type FoundTable, knownTable, readable } from './inspect.ts'
import { damaged } from './legacy-file.ts'
import { type LinkCount, orphansInFiles, orphansInLegacy } from './orphans.ts'
import { readRows } from './read-rows.ts'
import { type RestoreFiles, restoredRows } from './restore.ts'
import { openQuiet } from './snapshot.ts'

export interface TableProof {
  readonly table: string
  readonly rows: number
  readonly checksum: string
}

export interface SideProof {
  readonly tables: readonly TableProof[]
  readonly orphans: readonly LinkCount[]
}

/** One side, or some tables of it; plain data, since it goes to a worker. */
export type ProofTask = {
  readonly encoding: TextEncoding
  readonly tables: readonly FoundTable[]
  /** All known tables: links point outside of `tables`. */
  readonly known: readonly FoundTable[]
} & (
  | { readonly side: 'legacy'; readonly path: string; readonly name: string }
  | { readonly side: 'files'; readonly paths: Readonly<Record<Domain, string>> & { readonly unassigned?: string } }
)

const STEP_ROWS = 20_000

/** `progress` gets the number of rows since it was called last. Throws FileError where a legacy file is damaged. */
export function prove(task: ProofTask, progress: (rows: number) => void): SideProof {
  return task.side === 'legacy' ? proveLegacy(task, progress) : proveFiles(task, progress)
}

function proveLegacy(task: ProofTask & { side: 'legacy' }, progress: (rows: number) => void): SideProof {
  const connection = openQuiet(task.path)
  try {
    checkWhole(connection, task.name)
    const tables = task.tables.map((table) => {
      const rows = readRows(connection, readable(table), task.encoding)
      return sumRows(table, withoutRowid(rows, keepsRowid(table)), progress)
    })
    return { tables, orphans: task.tables.flatMap((table) => orphansInLegacy(connection, table, task.known)) }
  } finally {
    connection.close()
  }
}

function proveFiles(task: ProofTask & { side: 'files' }, progress: (rows: number) => void): SideProof {
  const files = openFiles(task.paths, task.encoding)
  try {
    const tables = task.tables.map((table) => sumRows(table, rowsInFiles(files, table), progress))
    return { tables, orphans: task.tables.flatMap((table) => orphansInFiles(files, table)) }
  } finally {
    closeFiles(files)
  }
}

function rowsInFiles(files: RestoreFiles, table: FoundTable): Iterable<Cell[]> {
  if (knownTable(table)) return restoredRows(files, table)
  const { unassigned } = files
  if (!unassigned) throw new Error(`There is no unassigned.db for ${table.name}`)
  return withoutRowid(readRows(unassigned, readable(table), files.encoding), keepsRowid(table))
}

/** A rowid is content where nothing else tells rows apart. */
export const keepsRowid = (table: FoundTable): boolean =>
  !knownTable(table) && table.rowid !== undefined && table.columns.every(({ key }) => key === 0)

function* withoutRowid(rows: Iterable<Cell[]>, keep: boolean): Generator<Cell[]> {
  for (const row of rows) {
    if (!keep) row.shift()
    yield row
  }
}

function sumRows(table: FoundTable, rows: Iterable<Cell[]>, progress: (rows: number) => void): TableProof {
  const times = carriedColumns(table).map(({ place }) => place?.column.type === 'time')
  if (keepsRowid(table)) times.unshift(false)
  const sum = new Checksum()
  for (const row of rows) {
    sum.add(encodeRow(row, times))
    if (sum.rows % STEP_ROWS === 0) progress(STEP_ROWS)
  }
  progress(sum.rows % STEP_ROWS)
  return { table: table.name, rows: sum.rows, checksum: sum.digest() }
}

/** Reads every page and its structure; rows and their values are the checksum's matter. */
function checkWhole(connection: Connection, name: string): void {
  const found = connection.pragma('quick_check(1)', { simple: true })
  if (found !== 'ok') throw damaged(name, String(found))
}

export function openFiles(
  paths: Readonly<Record<Domain, string>> & { readonly unassigned?: string },
  encoding: TextEncoding,
): RestoreFiles {
  const [identity, billing, admin] = DOMAINS.map((domain) => openQuiet(paths[domain])) as [
    Connection,
    Connection,
    Connection,
  ]
  const files = { identity, billing, admin, encoding }
  return paths.unassigned === undefined ? files : { ...files, unassigned: openQuiet(paths.unassigned) }
}

export function closeFiles({ identity, billing, admin, unassigned }: RestoreFiles): void {
  for (const connection of [identity, billing, admin, unassigned]) connection?.close()
}
