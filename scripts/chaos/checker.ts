// The independent checker: reads the three files with its own SQL, without a line of src/, and holds them against what the
// clients were told and what PayFast charged. Every fact is looked at from both sides: what was acknowledged is there, and
// there is nothing else.
import { existsSync, readFileSync } from 'node:fs'
import Database from 'better-sqlite3'
import type { Charge } from '../../tests/helpers/payfast-server.ts'
import { checkAdmin } from './check-admin.ts'
import { checkBilling } from './check-billing.ts'
import { checkIdentity } from './check-identity.ts'
import type { Ledger } from './ledger.ts'
import { MAIL_DOMAIN, pathsIn } from './seed.ts'

export interface Checked {
  /** How many facts were looked at, by what they are. */
  readonly counts: Readonly<Record<string, number>>
  readonly problems: readonly string[]
}

export interface Told {
  readonly dir: string
  readonly ledger: Ledger
  readonly payfast: { readonly ledger: readonly Charge[] }
  /** By user id, where all changes came one after the other. */
  readonly states: ReadonlyMap<
    string,
    { readonly creditsUsed: number; readonly imagesUsed: number; readonly tier: string; readonly status: string }
  >
}

export interface Checking {
  readonly told: Told
  /** Rows of a query on one of the files. */
  rows<T>(file: FileName, sql: string): T[]
  same(what: string, found: unknown, expected: unknown): void
  holds(what: string, fact: boolean, otherwise: string): void
}

export type FileName = 'identity' | 'billing' | 'admin'

const FILES: readonly FileName[] = ['identity', 'billing', 'admin']
const MOST_PROBLEMS = 100

/** The server must have ended. */
export async function checkFiles(told: Told): Promise<Checked> {
  const paths = pathsIn(told.dir)
  const open = (name: FileName) => new Database(paths[name], { readonly: true, fileMustExist: true })
  const files = { identity: open('identity'), billing: open('billing'), admin: open('admin') }
  const counts: Record<string, number> = {}
  const problems: string[] = []
  const holds: Checking['holds'] = (what, fact, otherwise) => {
    const kind = what.split(':')[0] ?? what
    counts[kind] = (counts[kind] ?? 0) + 1
    if (!fact && problems.length < MOST_PROBLEMS) problems.push(`${what} ${otherwise}`)
  }
  const checking: Checking = {
    told,
    holds,
    rows: <T>(file: FileName, sql: string) => files[file].prepare(sql).all() as T[],
    same(what, found, expected) {
      const [left, right] = [JSON.stringify(found), JSON.stringify(expected)]
      holds(what, left === right, `is ${left}, expected ${right}`)
    },
  }
  try {
    for (const name of FILES) checkFile(checking, name)
    checkIdentity(checking)
    checkBilling(checking)
    checkAdmin(checking)
    checkBytes(checking, paths)
  } finally {
    for (const name of FILES) files[name].close()
  }
  return { counts, problems }
}

function checkFile({ rows, same }: Checking, name: FileName): void {
  same(`whole files: integrity_check of ${name}.db`, rows(name, 'pragma integrity_check'), [{ integrity_check: 'ok' }])
  same(`whole files: foreign_key_check of ${name}.db`, rows(name, 'pragma foreign_key_check'), [])
  same(`messages left: ${name}.db`, rows(name, 'select id, attempts, deadAt, reason from "OutboxMessage"'), [])
}

/** Personal information stays in identity.db, to the byte. */
function checkBytes({ holds }: Checking, paths: Readonly<Record<FileName, string>>): void {
  const secrets = [MAIL_DOMAIN, 'Buyerson', '082 555 0142']
  for (const name of ['billing', 'admin'] as const) {
    for (const path of [paths[name], `${paths[name]}-wal`]) {
      const bytes = existsSync(path) ? readFileSync(path) : Buffer.alloc(0)
      for (const secret of secrets) holds(`bytes: ${path}`, !bytes.includes(secret), `hold "${secret}"`)
    }
  }
}

/** How many of each key. */
export function tally<T>(items: readonly T[], keyOf: (item: T) => string): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const item of items) counts.set(keyOf(item), (counts.get(keyOf(item)) ?? 0) + 1)
  return counts
}

/** The sum by user. */
export function sumBy<T extends { readonly userId: string }>(
  items: readonly T[],
  amountOf: (item: T) => number,
): ReadonlyMap<string, number> {
  const sums = new Map<string, number>()
  for (const item of items) sums.set(item.userId, (sums.get(item.userId) ?? 0) + amountOf(item))
  return sums
}

/** Holds two tallies against each other, key by key and from both sides. */
export function sameTally(
  { same }: Checking,
  what: string,
  found: ReadonlyMap<string, number>,
  expected: ReadonlyMap<string, number>,
): void {
  for (const key of new Set([...found.keys(), ...expected.keys()])) {
    same(`${what}: ${key}`, found.get(key) ?? 0, expected.get(key) ?? 0)
  }
}
