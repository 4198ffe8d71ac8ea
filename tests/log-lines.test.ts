// Lines that are not of a request have the form of those that are, and as little of a person in them.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { withDatabases } from './helpers/databases.ts'

const CHILD = join(import.meta.dirname, 'helpers/log-lines-child.ts')

const linesAt = (level: string) =>
  withDatabases(({ dir }) => {
    const { status, stderr } = spawnSync(process.execPath, [CHILD, dir, level], { encoding: 'utf8' })
    expect(status, stderr).toBe(0)
    expect(stderr).not.toMatch(/thabo|example\.co\.za|0821234567/)
    return stderr
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Record<string, unknown>)
  })

test('mails, messages that failed and answers share one form', async () => {
  const lines = await linesAt('info')
  const common = { time: expect.any(Number), pid: expect.any(Number), hostname: expect.any(String) }
  expect(lines).toEqual([
    { ...common, level: 30, event: 'mail-sent', id: expect.any(String), way: 'file', msg: 'mail sent' },
    { ...common, level: 50, type: 'unheard-of', target: 'admin', attempts: 1, msg: 'message is dead' },
    expect.objectContaining({ ...common, level: 30, route: '/health/live', status: 200, msg: 'answered' }),
  ])
})

test('the level holds for all of them', async () => {
  expect((await linesAt('warn')).map(({ msg }) => msg)).toEqual(['message is dead'])
  expect(await linesAt('silent')).toEqual([])
})
