// Fresh files, faults that a test plants in them by hand, and what the checks say.
import Database from 'better-sqlite3'
import type { Domain } from '../../../src/database/domains.ts'
import { type CheckOptions, type Finding, runChecks } from '../../../src/ops/check/checks.ts'
import type { Databases } from '../../helpers/databases.ts'

export const NOW = new Date('2026-06-01T12:00:00.000Z')
export const T = '2026-06-01T12:00:00.000+00:00'

export const rowsOf = <T>({ paths }: Databases, domain: Domain, sql: string): readonly T[] => {
  const connection = new Database(paths[domain], { readonly: true })
  try {
    return connection.prepare(sql).all() as T[]
  } finally {
    connection.close()
  }
}

/** As a tool that knows nothing of this program: no foreign keys, no secure_delete. */
export function plant({ paths }: Databases, domain: Domain, ...statements: readonly string[]): void {
  const connection = new Database(paths[domain])
  connection.pragma('foreign_keys = OFF')
  try {
    for (const sql of statements) connection.exec(sql)
  } finally {
    connection.close()
  }
}

export async function findings({ paths }: Databases, options: Partial<CheckOptions> = {}): Promise<readonly Finding[]> {
  const found: Finding[] = []
  for await (const finding of runChecks({ paths, now: NOW, ...options })) found.push(finding)
  return found
}

/** `error identity User email: links`, a line a finding. */
export const shortly = (found: readonly Finding[]): readonly string[] =>
  found.map(({ severity, place: { file, table, column }, check, count }) =>
    [severity, [file, table, column].filter(Boolean).join('.'), check, count]
      .filter((part) => part !== undefined)
      .join(' '),
  )

export const user = (id: string): string =>
  `insert into "User" (id, email, createdAt, updatedAt) values ('${id}', '${id}@mail.example', '${T}', '${T}')`

/** Somebody whom nothing names: with nobody at all in it, identity.db is taken for lost. */
export const bystander = `insert into "Contact" values ('by', 'by@mail.example', 'by@mail.example', '${T}')`

export const subscription = (id: string, userId: string): string =>
  `insert into "Subscription" (id, userId, tier, status, createdAt, updatedAt)
   values ('${id}', '${userId}', 'FREE', 'active', '${T}', '${T}')`

export const payment = (id: string, userId: string): string =>
  `insert into "ProcessedPayment" (id, pfPaymentId, type, amountCents, userId, processedAt)
   values ('${id}', 'pf-${id}', 'subscription', 9900, '${userId}', '${T}')`

export const schedule = (id: string, userId: string): string =>
  `insert into "RecurringSchedule" (id, userId, tier, amountCents, token, nextChargeAt, createdAt, updatedAt)
   values ('${id}', '${userId}', 'JIVE', 9900, 'tok', '${T}', '${T}', '${T}')`

export const voucher = (id: string, { createdBy = 'system', userId = null as string | null } = {}): string =>
  `insert into "Voucher" (id, code, type, createdBy, createdAt, expiresAt, userId)
   values ('${id}', 'CODE-${id}', 'R200', '${createdBy}', '${T}', '${T}', ${userId === null ? 'null' : `'${userId}'`})`

export const session = (id: string, userId: string): string =>
  `insert into "Session" (id, userId, tokenHash, createdAt, expiresAt) values ('${id}', '${userId}', 'h-${id}', '${T}', '${T}')`

export const message = (
  id: string,
  more: { type?: string; target?: string; createdAt?: string; deadAt?: string } = {},
) => {
  const { type = 'user-created', target = 'billing', createdAt = T, deadAt } = more
  return `insert into "OutboxMessage" (id, type, target, payload, createdAt, nextAttemptAt, deadAt)
    values ('${id}', '${type}', '${target}', '{}', '${createdAt}', '${createdAt}', ${deadAt ? `'${deadAt}'` : 'null'})`
}

export const tombstone = (subjectId: string): string =>
  `insert into "Tombstone" (subjectId, erasedAt) values ('${subjectId}', '${T}')`
