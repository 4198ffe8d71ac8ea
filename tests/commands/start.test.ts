// What `npm start` runs: the first start fills empty files, the second finds them, and a signal ends it cleanly.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { pathInFolder } from '../../src/config.ts'
import { DOMAINS } from '../../src/database/domains.ts'
import { withFolder } from '../helpers/databases.ts'

const GOGGA = join(import.meta.dirname, '../../scripts/gogga.ts')

interface Started {
  readonly address: string
  readonly docs: string
  readonly seeded: number
  readonly keys: Readonly<Record<string, string>>
}

async function withStart(dir: string, work: (started: Started) => Promise<void>): Promise<void> {
  const env = { ...process.env, GOGGA_DATA_DIR: dir, PORT: '0', GOGGA_LOG_LEVEL: 'warn' }
  const child = spawn(process.execPath, [GOGGA, 'start', '--json'], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let errors = ''
  child.stderr.on('data', (part: Buffer) => {
    errors += part.toString()
  })
  try {
    let text = ''
    for await (const part of child.stdout) {
      text += String(part)
      if (text.includes('\n')) break
    }
    if (!text.includes('\n')) throw new Error(`start ended early: ${errors}`)
    await work(JSON.parse(text) as Started)
  } finally {
    const exited = child.exitCode === null ? once(child, 'exit') : [child.exitCode]
    child.kill('SIGTERM')
    expect((await exited)[0]).toBe(0)
  }
}

it('fills empty files with 1,000 people, gives a key per scope that works, and does not fill twice', () =>
  withFolder(async (dir) => {
    const read = async ({ address }: Started, path: string, key = '') => {
      const answer = await fetch(`${address}${path}`, { headers: { authorization: `Bearer ${key}` } })
      return { status: answer.status, body: (await answer.json()) as { data: { email: string }[] } }
    }
    await withStart(dir, async (first) => {
      expect(first.seeded).toBe(1_000)
      expect(Object.keys(first.keys)).toEqual(['frontend', 'admin', 'ops', 'compliance', 'admin+pii:read'])
      expect(await read(first, '/health/ready')).toMatchObject({ status: 200 })
      const users = '/v1/users?limit=1&expand=subscription'
      expect((await read(first, users, first.keys.frontend)).body.data[0]?.email).toMatch(/\*/)
      expect((await read(first, users, first.keys['admin+pii:read'])).body.data[0]?.email).toMatch(/@example\.co\.za$/)
      expect((await read(first, users, first.keys.ops)).status).toBe(403)
      expect((await read(first, users)).status).toBe(401)
    })
    for (const domain of DOMAINS) {
      expect(statSync(pathInFolder(dir, domain)).mode & 0o777).toBe(0o600)
      expect(existsSync(`${pathInFolder(dir, domain)}-wal`), 'the log is folded into the file at the end').toBe(false)
    }
    await withStart(dir, async (second) => expect(second.seeded).toBe(0))
  }))
