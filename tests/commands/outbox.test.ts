// The command on the files of an app that is running, as operations staff use it.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect, it } from 'vitest'
import { adminLogs } from '../http/administrators.ts'
import type { TestApp } from '../http/app.ts'
import { lock, strand, waiting, withOutbox } from '../http/dead-letters.ts'

const GOGGA = join(import.meta.dirname, '../../scripts/gogga.ts')

async function gogga({ databases }: Pick<TestApp, 'databases'>, ...args: readonly string[]) {
  const settings = { GOGGA_DATA_DIR: databases.dir, GOGGA_BUSY_TIMEOUT_MS: '100', GOGGA_OUTBOX_MAX_ATTEMPTS: '1' }
  const child = spawn(process.execPath, [GOGGA, 'outbox', ...args], { env: { ...process.env, ...settings } })
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')])
  return { code: child.exitCode, out, err }
}

it('says that nothing waits', () =>
  withOutbox(async (test) => {
    expect(await gogga(test, 'list')).toMatchObject({ code: 0, out: expect.stringMatching(/^Nothing waits\.\n/) })
    const { data, figures } = JSON.parse((await gogga(test, 'list', '--json')).out)
    expect(data).toEqual([])
    expect(figures.billing).toEqual({ waiting: 0, dead: 0, oldest: null })
  }))

it('lists what is dead with its reason, delivers it at once on a retry, and then has nothing left', () =>
  withOutbox(async (test) => {
    const id = await strand(test)
    const listed = await gogga(test, 'list', '--dead')
    expect(listed.out).toMatch(
      new RegExp(`^${id}  billing to admin  2026-06-01T12:00:00.000Z  dead  1 attempt  unavail`),
    )
    expect(listed.out).toMatch(/^billing: 0 waiting, 1 dead$/m)
    const { data } = JSON.parse((await gogga(test, 'list', '--origin', 'billing', '--limit', '1', '--json')).out)
    expect(data).toMatchObject([{ id, origin: 'billing', target: 'admin' }])
    expect(JSON.parse((await gogga(test, 'list', '--origin', 'admin', '--json')).out).data).toEqual([])

    expect(await gogga(test, 'retry', id)).toEqual({ code: 0, out: `settled ${id}\n`, err: '' })
    expect(adminLogs(test)).toMatchObject([{ action: 'tier_override', targetUser: 'u4' }])
    expect(waiting(test)).toEqual([])
    const again = await gogga(test, 'retry', id)
    expect(again).toMatchObject({
      code: 1,
      out: '',
      err: expect.stringContaining('No undelivered message has this id'),
    })
    await test.context.sagas.courier.sweep()
    expect(adminLogs(test)).toHaveLength(1)
  }))

it('says what still keeps a message, exit code 1', () =>
  withOutbox(async (test) => {
    const id = await strand(test)
    const release = lock(test)
    const { code, out } = await gogga(test, 'retry', id)
    const asJson = await gogga(test, 'retry', id, '--json')
    release()
    expect(code).toBe(1)
    expect(out).toMatch(new RegExp(`^dead ${id}: unavailable: `))
    expect(asJson.code).toBe(1)
    expect(JSON.parse(asJson.out)).toMatchObject({ id, outcome: 'dead', attempts: 1 })
  }))

it('drops a dead message, not one that is still tried, nor the log of a change', () =>
  withOutbox(async (test) => {
    const stranded = await strand(test)
    const promised = await gogga(test, 'drop', stranded)
    expect(await gogga(test, 'drop', stranded, '--dry-run')).toMatchObject({ code: 1, err: promised.err })
    const planned = await gogga(test, 'retry', stranded, '--dry-run')
    expect(planned).toMatchObject({
      code: 0,
      out: expect.stringMatching(new RegExp(`^would retry ${stranded}  billing to`)),
    })
    expect(waiting(test)).toHaveLength(1)
    expect(promised).toMatchObject({ code: 1, out: '', err: expect.stringContaining('cannot be given up') })
    const [now, dead, tried] = [test.clock.now, 'user-created:u8', 'user-created:u9']
    await test.context.files.identity.change((tx) => {
      for (const id of [dead, tried]) {
        const message = { id, type: 'user-created', target: 'billing', payload: `{"userId":"${id}"}` }
        const deadAt = id === dead ? now : null
        tx.insert('OutboxMessage', { ...message, attempts: 0, createdAt: now, nextAttemptAt: now, deadAt })
      }
    })
    const dry = await gogga(test, 'drop', dead, '--dry-run', '--json')
    expect(JSON.parse(dry.out)).toMatchObject({ id: dead, dryRun: true })
    expect(await gogga(test, 'drop', dead)).toEqual({ code: 0, out: `dropped ${dead}\n`, err: '' })
    expect(await gogga(test, 'drop', dead)).toMatchObject({ code: 1, out: '' })
    const refused = await gogga(test, 'drop', tried)
    expect(refused).toMatchObject({ code: 1, out: '', err: expect.stringContaining('still tried') })
    const left = JSON.parse((await gogga(test, 'list', '--origin', 'identity', '--json')).out).data
    expect(left).toMatchObject([{ id: tried, deadAt: null }])
  }))

it.each([
  ['an unknown file', ['list', '--origin', 'users'], /--origin expects one of identity, billing, admin, got "users"/],
  ['a limit that is none', ['list', '--limit', '0'], /--limit expects a whole number from 1/],
  ['a retry of nothing', ['retry'], /Expected 1 argument\(s\) after "outbox retry", got 0/],
  ['a drop of two', ['drop', 'a', 'b'], /Expected 1 argument\(s\) after "outbox drop", got 2/],
])('refuses %s, exit code 2', async (_name, args, says) => {
  const { code, out, err } = await gogga({ databases: { dir: '/nowhere' } as TestApp['databases'] }, ...args)
  expect(code).toBe(2)
  expect(out).toBe('')
  expect(err).toMatch(says)
})
