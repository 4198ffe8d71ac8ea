// What was acknowledged against what is there after billing.db was restored. Pure but for the questions to the files.
import type { Domain } from '../../src/database/domains.ts'
import type { Acknowledged, PlacedRow } from './ledger.ts'

/** What the comparison needs to know of `gogga restore --json`. */
export interface Restored {
  readonly backup: { readonly id: string; readonly takenAt: string }
  readonly reconciled: {
    readonly sends: readonly { readonly message: { readonly id: string } }[]
    readonly unresolved: readonly { readonly table: string; readonly id: string }[]
  }
}

export interface Questions {
  /** Whether the row is there. */
  has(row: PlacedRow): boolean
  /** Ids of the rows of administrators' acts that fit. */
  logs(row: PlacedRow): readonly string[]
  /** The balance of a person beyond the monthly allowance, and what vouchers in admin.db gave them. */
  balance(person: string): { readonly credits: number; readonly fromVouchers: number }
}

/** A row that was acknowledged and is gone, with the time of the answer. */
export interface LostRow {
  readonly at: string
  readonly what: string
  readonly file: Domain
  readonly table: string
  /** `id=…` */
  readonly key: string
  readonly person: string | null
}

export interface Comparison {
  readonly backup: Restored['backup']
  readonly acknowledged: number
  readonly before: { readonly changes: number; readonly rows: number }
  readonly after: {
    readonly changes: number
    /** Began and ended in the other two files, or have nothing in billing.db yet. */
    readonly elsewhere: number
    /** Acknowledged after the backup had begun, and in it all the same. */
    readonly inBackup: number
    /** Their messages were sent again. */
    readonly cameBack: number
    readonly lost: number
  }
  /** Rows of identity.db and admin.db, acknowledged at any time. */
  readonly elsewhere: { readonly rows: number }
  readonly balances: number
  /** Acts of administrators that are lost and that the restore named itself. */
  readonly named: number
  readonly lostRows: readonly LostRow[]
  /** What must not be; empty where the drill is passed. */
  readonly problems: readonly string[]
}

type Fate = 'before' | 'elsewhere' | 'inBackup' | 'cameBack' | 'lost'

/** `last`: the newest backup that there was, whichever was restored. */
export function compare(
  entries: readonly Acknowledged[],
  last: Restored['backup'],
  restored: Restored,
  questions: Questions,
): Comparison {
  const problems: string[] = []
  if (restored.backup.id !== last.id) problems.push(`restored from ${restored.backup.id}, and the last is ${last.id}`)
  const sent = new Set(restored.reconciled.sends.map(({ message }) => message.id))
  const fates = entries.map((entry) => ({
    entry,
    fate: fateOf(entry, last.takenAt, sent, questions, problems),
  }))
  const count = (fate: Fate) => fates.filter((one) => one.fate === fate).length
  const lost = fates.filter(({ fate }) => fate === 'lost').map(({ entry }) => entry)
  const [before, elsewhere, inBackup, cameBack] = [
    count('before'),
    count('elsewhere'),
    count('inBackup'),
    count('cameBack'),
  ]
  const earlier = fates.filter(({ fate }) => fate === 'before').map(({ entry }) => entry)
  return {
    backup: last,
    acknowledged: entries.length,
    before: { changes: before, rows: sum(earlier.map(({ rows }) => rows.length)) },
    after: { changes: entries.length - before, elsewhere, inBackup, cameBack, lost: lost.length },
    elsewhere: { rows: requireElsewhere(entries, questions, problems) },
    balances: requireBalances(entries, questions, problems),
    named: requireNamed(lost, restored, questions, problems),
    lostRows: lost.flatMap(lostRowsOf),
    problems,
  }
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0)
const rowsIn = ({ rows }: Acknowledged) => rows.filter(({ file }) => file === 'billing')
const keyOf = ({ where }: PlacedRow): string =>
  Object.entries(where)
    .map(([column, value]) => `${column}=${value}`)
    .join(' ')
const nameOf = (row: PlacedRow): string => `${row.file}.${row.table} ${keyOf(row)}`

function fateOf(
  entry: Acknowledged,
  takenAt: string,
  sent: ReadonlySet<string>,
  { has }: Questions,
  problems: string[],
): Fate {
  const rows = rowsIn(entry)
  const missing = rows.filter((row) => !has(row))
  // A change takes effect in a file whole or not at all.
  if (missing.length > 0 && missing.length < rows.length) problems.push(`half there: ${missing.map(nameOf).join(', ')}`)
  if (entry.at < takenAt) {
    for (const row of missing)
      problems.push(`acknowledged at ${entry.at}, before the backup, and missing: ${nameOf(row)}`)
    return 'before'
  }
  if (rows.length === 0) return 'elsewhere'
  if (missing.length === 0) return entry.message !== null && sent.has(entry.message) ? 'cameBack' : 'inBackup'
  if (entry.message !== null) problems.push(`did not come back, though another file knows of it: ${entry.message}`)
  return 'lost'
}

const lostRowsOf = (entry: Acknowledged): LostRow[] =>
  rowsIn(entry).map((row) => ({
    at: entry.at,
    what: entry.what,
    file: row.file,
    table: row.table,
    key: keyOf(row),
    person: entry.person,
  }))

/** The other two files were not touched: nothing in them may be missing, whenever it was acknowledged. */
function requireElsewhere(entries: readonly Acknowledged[], { has }: Questions, problems: string[]): number {
  const rows = entries.flatMap((entry) => entry.rows.filter(({ file }) => file !== 'billing'))
  for (const row of rows.filter((one) => !has(one))) problems.push(`acknowledged, and missing: ${nameOf(row)}`)
  return rows.length
}

/** Of everybody who spends: vouchers of admin.db, payments and spends that are there, and no cent else. */
function requireBalances(entries: readonly Acknowledged[], questions: Questions, problems: string[]): number {
  const spenders = new Set(entries.filter(({ credits }) => credits < 0).map(({ person }) => person ?? ''))
  for (const person of spenders) {
    const { credits, fromVouchers } = questions.balance(person)
    const own = entries.filter((entry) => entry.person === person && entry.what !== 'redemption')
    const there = own.filter((entry) => rowsIn(entry).every(questions.has))
    const expected = fromVouchers + sum(there.map((entry) => entry.credits))
    if (credits !== expected) problems.push(`${person} has ${credits} credits, and what is there makes ${expected}`)
  }
  return spenders.size
}

/** What administrators did is in their log, so the restore itself must have named it. */
function requireNamed(
  lost: readonly Acknowledged[],
  { reconciled }: Restored,
  { logs }: Questions,
  problems: string[],
): number {
  const told = new Set(reconciled.unresolved.filter(({ table }) => table === 'AdminLog').map(({ id }) => id))
  const ids = lost.flatMap(({ rows }) => rows.filter(({ table }) => table === 'AdminLog').flatMap(logs))
  for (const id of ids.filter((one) => !told.has(one)))
    problems.push(`lost, and not named by the restore: AdminLog ${id}`)
  return ids.length
}
