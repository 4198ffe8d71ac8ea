// Verifications of the logs' chains over HTTP: one at a time, in a process of its own, with what `gogga audit verify --json` says.
import { renameSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { verifierOf } from '../../src/commands/served-work.ts'
import { signHeads } from '../../src/compliance/chain/heads.ts'
import { createVerifier, type Verifier } from '../../src/compliance/chain/verifier.ts'
import { verifyChains } from '../../src/compliance/chain/verify.ts'
import { openOwnReaders } from '../../src/compliance/own-readers.ts'
import { readSigningKey } from '../../src/compliance/signing.ts'
import type { Context } from '../../src/context.ts'
import { makeKey } from '../compliance/chain/world.ts'
import { plant, T } from '../ops/check/planting.ts'
import { NOW, type TestApp, withApp } from './app.ts'

const URL = '/v1/compliance/chain'
const begin = ({ send }: TestApp) => send('POST', URL, { scopes: ['compliance'] })
const look = async ({ get }: TestApp) => {
  const answer = await get(URL, ['compliance'])
  expect(answer.statusCode, answer.body).toBe(200)
  return answer
}

/** The app with a verifier, as a server has it, and a key that signs. */
function withVerifier(work: (app: TestApp, verifier: Verifier) => Promise<void>): Promise<void> {
  let verifier: Verifier | undefined
  const served = (context: Context) => {
    verifier = verifierOf(context)
    return { verifier }
  }
  const env = { GOGGA_SIGNING_KEY_FILE: 'signing.pem', GOGGA_LOG_LEVEL: 'error' }
  return withApp((app) => work(app, verifier as Verifier), { served, prepare: (dir) => void makeKey(dir), env })
}

test('a request begins one, and its report is the one of the command, without anybody in it', () =>
  withVerifier(async (app, verifier) => {
    const { context, databases } = app
    expect((await look(app)).json()).toEqual({ data: null, running: null, failedAt: null })
    const key = readSigningKey(join(databases.dir, 'signing.pem'))
    await context.files.admin.change((tx) => {
      for (const id of ['a', 'b']) tx.insert('AdminLog', { id, adminId: 'u2', action: 'login', createdAt: NOW })
    })
    await signHeads(context.files, { now: NOW, key })
    plant(
      databases,
      'admin',
      `update "AdminLog" set action = 'x' where id = 'a'`,
      `insert into "AdminLog" (id, adminId, action, createdAt) values ('thabo@example.co.za', 'u2', 'x', '${T}')`,
    )
    const begun = await begin(app)
    expect([begun.statusCode, begun.headers.location]).toEqual([202, URL])
    expect(begun.json()).toEqual({ data: { since: NOW.toISOString() } })
    await verifier.run()
    const answer = await look(app)
    using own = openOwnReaders(databases.paths)
    const report = await verifyChains(own.readers, { now: NOW, publicKeys: [key.publicPem] })
    expect(answer.json()).toEqual({ data: JSON.parse(JSON.stringify(report)), running: null, failedAt: null })
    const { passed, chains, findings } = answer.json().data
    const newestHead = { id: 'admin-000001', at: expect.any(String), position: 3, keyId: key.id }
    expect([passed, chains[2]]).toEqual([false, expect.objectContaining({ domain: 'admin', links: 3, newestHead })])
    const changed = { code: 'chain.row-changed', place: { file: 'admin.db', table: 'AdminLog' }, rows: ['a'] }
    expect(findings).toContainEqual(expect.objectContaining(changed))
    const inserted = { code: 'chain.row-inserted', place: changed.place, rows: ['*'] }
    expect(findings).toContainEqual(expect.objectContaining(inserted))
    expect(answer.body).not.toMatch(/thabo|@example/)
    expect(answer.body).not.toContain(databases.dir)
  }))

test('one that comes to no end is told with its time, and the last report stays', () =>
  withVerifier(async (app, verifier) => {
    const { at } = await verifier.run()
    const { admin } = app.databases.paths
    renameSync(admin, `${admin}.away`)
    expect((await begin(app)).statusCode).toBe(202)
    await expect(verifier.run()).rejects.toThrow('ended early: file')
    renameSync(`${admin}.away`, admin)
    expect((await look(app)).json()).toMatchObject({ data: { at }, running: null, failedAt: NOW.toISOString() })
    expect(app.log.join('')).toContain('the verification of the logs came to no end')
    expect(app.log.join('')).not.toContain(app.databases.dir)
    await verifier.run()
    expect((await look(app)).json()).toMatchObject({ failedAt: null })
  }))

test('requests go on while one runs, a second one joins it, and one that a server ends is no error of anybody', () => {
  const served = ({ config, now }: Context) => {
    const process = new globalThis.URL('./children/never-answers.ts', import.meta.url)
    return { verifier: createVerifier({ process, paths: config.paths, publicKeys: [], now }) }
  }
  const work = async (app: TestApp) => {
    await begin(app)
    const running = { since: NOW.toISOString() }
    app.clock.now = new Date(NOW.getTime() + 90_000)
    expect((await begin(app)).json()).toEqual({ data: running })
    expect((await look(app)).json()).toEqual({ data: null, running, failedAt: null })
    await app.app.close()
    expect(app.log).toEqual([])
  }
  return withApp(work, { served, env: { GOGGA_LOG_LEVEL: 'error' } })
})

test('a server without a verifier begins none', () =>
  withApp(
    async (app) => {
      expect((await begin(app)).statusCode).toBe(503)
      expect((await look(app)).json()).toEqual({ data: null, running: null, failedAt: null })
    },
    { served: () => ({}) },
  ))
