// The legacy way: one file, one Prisma client with the stock adapter, `include`.
import { execFileSync } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { PrismaBetterSqlite3 } from '@prisma/adapter-better-sqlite3'

const HERE = import.meta.dirname
const SCHEMA = join(HERE, 'legacy.prisma')
export const CLIENT = join(HERE, 'generated/client.ts')

const INCLUDE = { subscription: true, payments: true, vouchers: true } as const

export interface Unified {
  page(start: string): Promise<unknown[]>
  one(id: string): Promise<unknown>
  close(): Promise<void>
}

/** What the benchmarks call of the generated client, which is missing until the first run. */
interface UserClient {
  readonly user: {
    findMany(query: object): Promise<unknown[]>
    findUnique(query: object): Promise<unknown>
  }
  $disconnect(): Promise<void>
}

/** Generates the baseline's client when it is missing or older than its schema; takes some seconds once. */
export function generateBaseline(): void {
  if (existsSync(CLIENT) && statSync(CLIENT).mtimeMs >= statSync(SCHEMA).mtimeMs) return
  const prisma = join(HERE, '../../../node_modules/.bin/prisma')
  execFileSync(prisma, ['generate', '--schema', SCHEMA], { stdio: 'pipe' })
}

export async function openUnified(path: string): Promise<Unified> {
  generateBaseline()
  const { PrismaClient } = (await import(CLIENT)) as { PrismaClient: new (options: object) => UserClient }
  const client = new PrismaClient({ adapter: new PrismaBetterSqlite3({ url: `file:${path}` }) })
  return {
    page: (start) =>
      client.user.findMany({ where: { id: { gt: start } }, orderBy: { id: 'asc' }, take: 50, include: INCLUDE }),
    one: (id) => client.user.findUnique({ where: { id }, include: INCLUDE }),
    close: () => client.$disconnect(),
  }
}
