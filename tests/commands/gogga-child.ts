// The command as a process, on the files of a folder.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

const GOGGA = join(import.meta.dirname, '../../scripts/gogga.ts')

export interface Ended {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

export async function gogga(dir: string, ...args: readonly string[]): Promise<Ended> {
  const env = { ...process.env, GOGGA_DATA_DIR: dir, GOGGA_BUSY_TIMEOUT_MS: '500' }
  const child = spawn(process.execPath, [GOGGA, ...args], { env, cwd: dir })
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')])
  return { code: child.exitCode, out, err }
}
