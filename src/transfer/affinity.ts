// What SQLite makes of a value on its way into a column (datatype3.html, 3.1): asked, not imitated.
import Database from 'better-sqlite3'
import type { ColumnType } from '../generated/catalog.ts'
import type { Bound } from './cells.ts'

export type Affinity = 'TEXT' | 'NUMERIC' | 'INTEGER' | 'REAL' | 'BLOB'

/** As Prisma declares them: BOOLEAN and DATETIME have the affinity NUMERIC. */
const OF_TYPE: Readonly<Record<ColumnType, Affinity>> = {
  text: 'TEXT',
  integer: 'INTEGER',
  boolean: 'NUMERIC',
  time: 'NUMERIC',
  bytes: 'BLOB',
}

export const affinityOfType = (type: ColumnType): Affinity => OF_TYPE[type]

/** The affinity of a declared type (datatype3.html, 3.1). */
export function affinityOf(declared: string): Affinity {
  if (/int/i.test(declared)) return 'INTEGER'
  if (/char|clob|text/i.test(declared)) return 'TEXT'
  if (declared === '' || /blob/i.test(declared)) return 'BLOB'
  return /real|floa|doub/i.test(declared) ? 'REAL' : 'NUMERIC'
}

let connection: Database.Database | undefined

/** The value as it lies in a column of this affinity. */
export function afterAffinity(affinity: Affinity, value: Bound): Bound {
  connection ??= openScratch()
  connection.prepare(`update "one" set "${affinity}" = ?`).run(value)
  return connection.prepare<[], Bound>(`select "${affinity}" from "one"`).safeIntegers().pluck().get() as Bound
}

function openScratch(): Database.Database {
  const scratch = new Database(':memory:')
  const columns = [...new Set<Affinity>([...Object.values(OF_TYPE), 'REAL'])].map((name) => `"${name}" ${name}`)
  scratch.exec(`create table "one" (${columns.join(', ')}); insert into "one" default values`)
  return scratch
}
