// For tests of what administrators do: who they are, how they ask, and what the three files hold afterwards.
import { existsSync, readFileSync } from 'node:fs'
import type { Statement } from 'better-sqlite3'
import type { LightMyRequestResponse } from 'fastify'
import type { Connection } from '../../src/database/connections.ts'
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

type Counts = Readonly<Record<string, number>>

const counters = new WeakMap<object, Statement<[], Counts>>()

/** `domain.Table` → number of rows, for every table of the three files, read by SQL of its own. */
export function counts({ context }: TestApp): Counts {
  return Object.assign({}, ...DOMAINS.map((domain) => counterOf(domain, context.files[domain].reader).get()))
}

function counterOf(domain: Domain, reader: Connection): Statement<[], Counts> {
  const known = counters.get(reader)
  if (known) return known
  const sql = "select name from sqlite_master where type = 'table' and name not like 'sqlite@_%' escape '@'"
  const tables = reader.prepare(sql).pluck().all() as string[]
  const columns = tables.map((table) => `(select count(*) from "${table}") as "${domain}.${table}"`)
  const counter = reader.prepare<[], Counts>(`select ${columns.join(', ')}`)
  counters.set(reader, counter)
  return counter
}

/** What a file and its log hold on disk, once what was deleted is gone from both. */
export async function bytesOf({ context }: TestApp, domain: Domain): Promise<string> {
  const { path } = context.files[domain]
  await context.files[domain].checkpoint()
  const parts = [path, `${path}-wal`].filter(existsSync).map((name) => readFileSync(name, 'latin1'))
  return parts.join('')
}
