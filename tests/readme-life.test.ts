// The README's "whole life by curl" is run as it stands there, against what `npm start` serves.
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { withFolder } from './helpers/databases.ts'

const ROOT = join(import.meta.dirname, '..')
const README = readFileSync(join(ROOT, 'README.md'), 'utf8')
const script = /## A whole life, by curl[\s\S]*?```bash\n([\s\S]*?)```/.exec(README)?.[1] ?? ''

it('works to the letter', () =>
  withFolder(async (dir) => {
    const env = { ...process.env, GOGGA_DATA_DIR: dir, PORT: '0', GOGGA_LOG_LEVEL: 'warn' }
    const server = spawn(process.execPath, [join(ROOT, 'scripts/gogga.ts'), 'start', '--json'], {
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const exited = once(server, 'exit')
    try {
      const [line] = (await once(server.stdout, 'data')) as [Buffer]
      const { address, keys, administrator } = JSON.parse(line.toString()) as {
        address: string
        keys: Record<string, string>
        administrator: string
      }
      const given = { API: address, ADMIN_KEY: keys.admin ?? '', ADMIN_USER: administrator, DATA: dir }
      const run = promisify(execFile)('bash', ['-euo', 'pipefail', '-c', script], { env: { ...process.env, ...given } })
      const { stdout } = await run
      const words = ['"sent":true', 'OK', 'JIVE', '"creditsLeft":498800', '"settled":true', '548800', '"tier":"JIGGA"']
      let from = 0
      for (const word of [...words, 'cancelled']) {
        const at = stdout.indexOf(word, from)
        expect(at, `${word} after ${stdout.slice(0, from)} in ${stdout}`).toBeGreaterThanOrEqual(0)
        from = at
      }
    } finally {
      server.kill('SIGTERM')
      await exited
    }
  }))
