import { expect, test } from 'vitest'
import { openWriter } from '../../src/database/connections.ts'
import { accessRecorder, listAccesses } from '../../src/identity/access-log.ts'
import { withIdentity } from './open.ts'

const NOW = new Date('2026-06-01T12:00:00.000Z')

function sources() {
  let count = 0
  return {
    now: () => NOW,
    newId: () => {
      count += 1
      return `access-${count}`
    },
  }
}

const access = (requestId: string) => ({
  apiKeyId: 'key',
  route: 'GET /v1/users/:id',
  fields: ['users.email', 'auth-logs.ip'],
  subjects: ['u1', 'u2'],
  requestId,
  purpose: 'support' as const,
})

test('a row says who read which fields of whom, through which route, when', async () => {
  await withIdentity(async ({ client, change }) => {
    await accessRecorder(change, sources())(access('r1'))
    const nobody = { actorId: null, osUser: null }
    expect(await listAccesses(client, { limit: 10 })).toEqual([
      { id: 'access-1', ...access('r1'), ...nobody, createdAt: NOW },
    ])
    const row = await client.accessLog.findFirstOrThrow()
    expect(row).toMatchObject({ fields: 'users.email auth-logs.ip', subjects: '["u1","u2"]' })
  })
})

test('each of many at once is written before its promise resolves, in one write', async () => {
  await withIdentity(async ({ client, reader, change }) => {
    let writes = 0
    const counted: typeof change = (work) => {
      writes += 1
      return change(work)
    }
    const record = accessRecorder(counted, sources())
    const isThere = reader.prepare('select 1 from "AccessLog" where requestId = ?')
    const ids = Array.from({ length: 200 }, (_, index) => `r${index}`)
    await Promise.all(ids.map((id) => record(access(id)).then(() => expect(isThere.get(id), id).toBeDefined())))
    expect(await client.accessLog.count()).toBe(200)
    expect(writes).toBe(1)
  })
})

test('where the row cannot be written the promise rejects, and the next one is written', async () => {
  await withIdentity(async ({ client, path, change }) => {
    const record = accessRecorder(change, sources())
    const other = openWriter('identity', path)
    other.exec('begin immediate')
    await expect(record(access('r1'))).rejects.toMatchObject({ code: 'unavailable' })
    other.exec('rollback')
    other.close()
    await record(access('r2'))
    expect((await listAccesses(client, { limit: 10 })).map(({ requestId }) => requestId)).toEqual(['r2'])
  })
})
