// The SQL that the engine leaves to us.
import type { SqlDriverAdapter } from '@prisma/driver-adapter-utils'
import { FILES, isDomain, nameOfApplicationId } from '../../src/database/domains.ts'
import { EngineError } from './engine-error.ts'

// Dropping a virtual table or a table drops its shadow tables, indexes and triggers with it.
const WHAT_TO_DROP = `select type, name from sqlite_master
  where type in ('view', 'table') and (name not like 'sqlite\\_%' escape '\\' or name like 'sqlite\\_stat_' escape '\\')
  order by type = 'view' desc, sql like 'create virtual%' desc`

/** What `migrate reset` means: an empty file, without a byte of what was in it. It keeps its application_id. */
export async function dropEverything(adapter: SqlDriverAdapter): Promise<void> {
  const { rows } = await adapter.queryRaw({ sql: WHAT_TO_DROP, args: [], argTypes: [] })
  const drops = rows.map(([type, name]) => `drop ${type} if exists "${String(name).replaceAll('"', '""')}";`)
  await adapter.executeScript(`pragma foreign_keys = off; begin; ${drops.join('\n')} commit; pragma foreign_keys = on`)
  await adapter.executeScript('vacuum')
}

/** A URL that points to another domain's file must not migrate it. */
export async function refuseAnotherDomain(adapter: SqlDriverAdapter, domain: string | undefined): Promise<void> {
  if (domain === undefined || !isDomain(domain)) return
  const { rows } = await adapter.queryRaw({ sql: 'pragma application_id', args: [], argTypes: [] })
  const found = Number(rows[0]?.[0] ?? 0)
  const expected = FILES[domain].applicationId
  if (found === 0 || found === expected) return
  throw new EngineError(
    `The URL of ${domain} points to another file: expected ${nameOfApplicationId(expected)}, found ${nameOfApplicationId(found)}. Check ${domain.toUpperCase()}_DB_URL.`,
    'P1000',
  )
}

export async function markDomain(adapter: SqlDriverAdapter, domain: string | undefined): Promise<void> {
  if (domain === undefined || !isDomain(domain)) return
  await adapter.executeScript(`pragma application_id = ${FILES[domain].applicationId}`)
}
