// Which changes of the schema each file says were applied, against those of this program.
import { DOMAINS, type Domain } from '../../database/domains.ts'
import { migrationsOf } from '../../database/migrations.ts'
import type { Result } from './results.ts'
import type { Readers } from './sources.ts'

const RECORDED = `
  select migration_name as name, checksum, finished_at as finishedAt from "_prisma_migrations"
  where rolled_back_at is null order by migration_name`

interface Recorded {
  readonly name: string
  readonly checksum: string
  readonly finishedAt: string | number | null
}

export interface Applied extends Recorded {
  /** How it differs from the program's; null where it does not. */
  readonly differs: string | null
}

export type Migrations = Readonly<Record<Domain, readonly Applied[]>>

export const appliedIn = (readers: Readers): Migrations =>
  Object.fromEntries(DOMAINS.map((domain) => [domain, applied(domain, readers)])) as unknown as Migrations

function applied(domain: Domain, readers: Readers): readonly Applied[] {
  const own = new Map(migrationsOf(domain).map(({ name, checksum }) => [name, checksum]))
  const recorded = readers[domain].prepare(RECORDED).all() as readonly Recorded[]
  return recorded.map((row) => ({ ...row, differs: differs(row, own.get(row.name)) }))
}

function differs({ checksum, finishedAt }: Recorded, own: string | undefined): string | null {
  if (own === undefined) return 'the program has none of this name'
  if (finishedAt === null) return 'it was not finished'
  return checksum === own ? null : 'its checksum is not the one of the program'
}

export function migrationResults(migrations: Migrations): readonly Result[] {
  const file = 'migrations.json'
  return DOMAINS.flatMap((domain) => {
    const rows = migrations[domain]
    const names = new Set(rows.map(({ name }) => name))
    const missing = migrationsOf(domain).filter(({ name }) => !names.has(name))
    const wrong = [
      ...rows.flatMap(({ name, differs: how }) => (how ? [`${name}: ${how}`] : [])),
      ...missing.map(({ name }) => `${name}: it was not applied`),
    ]
    return wrong.length > 0
      ? wrong.map((text): Result => ({ outcome: 'failure', file, text: `${domain}.db, migration ${text}.` }))
      : [{ outcome: 'passed', file, text: `${rows.length} migrations of ${domain}.db are those of the program.` }]
  })
}
