// For tests of what administrators do: who they are, how they ask, and what the three files hold afterwards.
import { existsSync, readFileSync } from 'node:fs'
import type { LightMyRequestResponse } from 'fastify'
import { DOMAINS, type Domain } from '../../src/database/domains.ts'
import type { TestApp } from './app.ts'

/** u2 is an administrator, u3 a service administrator; the others are neither. */
export async function withRoles({ context }: TestApp): Promise<void> {
  const { user } = context.files.identity.client
  await user.update({ where: { id: 'u2' }, data: { isAdmin: true } })
  await user.update({ where: { id: 'u3' }, data: { isServiceAdmin: true } })
}

export const IP = '41.13.252.7'

export interface Act {
  readonly method?: 'POST' | 'DELETE'
  readonly url: string
  readonly body?: object
  /** The one in X-Gogga-Actor; u3 where it is left out, nobody for null. */
  readonly actor?: string | null
  readonly key?: string
}

/** As a back office asks: with a key of the scope admin, in the name of somebody, from an address. */
export async function act(
  test: TestApp,
  { method = 'POST', url, body, actor = 'u3', key }: Act,
): Promise<LightMyRequestResponse> {
  const headers = {
    authorization: `Bearer ${await test.key('admin')}`,
    ...(actor !== null && { 'x-gogga-actor': actor }),
    ...(key !== undefined && { 'idempotency-key': key }),
  }
  return test.app.inject({ method, url, headers, remoteAddress: IP, ...(body && { payload: body }) })
}

export const adminLogs = ({ context }: TestApp) =>
  context.files.admin.rows.list('AdminLog', {}).filter(({ id }) => id !== 'g1')

export const origins = ({ context }: TestApp) =>
  context.files.identity.rows.list('AdminLogOrigin', {}).filter(({ adminLogId }) => adminLogId !== 'g1')

/** `domain.Table` → number of rows, for every table of the three files, read by SQL of its own. */
export function counts({ context }: TestApp): Readonly<Record<string, number>> {
  return Object.fromEntries(
    DOMAINS.flatMap((domain) => {
      const { reader } = context.files[domain]
      const tables = reader.prepare("select name from sqlite_master where type = 'table'").pluck().all() as string[]
      return tables
        .filter((table) => !table.startsWith('sqlite_'))
        .map((table) => [
          `${domain}.${table}`,
          reader.prepare(`select count(*) from "${table}"`).pluck().get() as number,
        ])
    }),
  )
}

/** What a file and its log hold on disk, once what was deleted is gone from both. */
export async function bytesOf({ context }: TestApp, domain: Domain): Promise<string> {
  const { path } = context.files[domain]
  await context.files[domain].checkpoint()
  const parts = [path, `${path}-wal`].filter(existsSync).map((name) => readFileSync(name, 'latin1'))
  return parts.join('')
}
