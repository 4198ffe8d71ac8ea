// A backup sees billing.db through a read-only mount, as its container does: while a server writes, after the server was
// killed, and while none runs.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, expect, test } from 'vitest'
import { type Databases, withDatabases } from '../helpers/databases.ts'

const GOGGA = join(import.meta.dirname, '../../scripts/gogga.ts')
const WRITER = join(import.meta.dirname, 'children/writer.ts')
/** A mount of one's own needs a mount namespace; not every machine gives one. */
const canMount = spawnSync('unshare', ['-rm', 'sh', '-c', 'mount -t tmpfs tmpfs /tmp']).status === 0

/** Runs `gogga backup billing` where the file's folder is mounted read-only at another place and its own is hidden. */
async function backUp({ dir, paths }: Databases) {
  const [mounted, target, policy] = [join(dir, 'mounted'), join(dir, 'target'), join(dir, 'policy.json')]
  mkdirSync(mounted, { recursive: true })
  writeFileSync(policy, JSON.stringify({ billing: { target: { kind: 'folder', path: target } } }))
  const script = `mount --bind "$1" "$2" && mount -o remount,bind,ro "$2" && mount -t tmpfs tmpfs "$1"
    if touch "$2/probe" 2>/dev/null; then echo writable; exit 9; fi
    exec "$3" "$4" backup billing --json`
  const args = ['-rm', 'sh', '-c', script, 'sh', dirname(paths.billing), mounted, process.execPath, GOGGA]
  const env = { ...process.env, BILLING_DB_URL: `file:${mounted}/billing.db`, GOGGA_BACKUP_POLICY: policy }
  const child = spawn('unshare', args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')])
  expect(code, err).toBe(0)
  return JSON.parse(out).backups[0] as { readonly rows: Readonly<Record<string, number>> }
}

/** A process that goes on writing rows to billing.db, as a server does, and tells how many are there. */
async function withWriter(path: string, work: (writer: { kill(): Promise<void> }) => Promise<void>) {
  const child = spawn(process.execPath, [WRITER, path], { stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  const kill = async () => {
    child.kill('SIGKILL')
    await exited
  }
  try {
    await once(child.stdout, 'data')
    await work({ kill })
  } finally {
    await kill()
  }
}

const WRITTEN = 500
const filesBeside = (path: string) => readdirSync(dirname(path)).sort()

describe.runIf(canMount)('a read-only mount of billing.db', () => {
  test('while a server writes: everything that was written before is in the backup', () =>
    withDatabases((databases) =>
      withWriter(databases.paths.billing, async () => {
        const { rows } = await backUp(databases)
        expect(rows.InboxMessage).toBeGreaterThanOrEqual(WRITTEN)
      }),
    ))

  test('after the server was killed: what is in the log alone is in the backup, and the log stays', () =>
    withDatabases((databases) =>
      withWriter(databases.paths.billing, async ({ kill }) => {
        await kill()
        const before = filesBeside(databases.paths.billing)
        expect(before).toEqual(['billing.db', 'billing.db-shm', 'billing.db-wal'])
        const { rows } = await backUp(databases)
        expect(rows.InboxMessage).toBeGreaterThanOrEqual(WRITTEN)
        expect(filesBeside(databases.paths.billing)).toEqual(before)
      }),
    ))

  test('while no server runs, and so no log is there', () =>
    withDatabases(async (databases) => {
      const { billing } = databases.paths
      expect(existsSync(`${billing}-wal`)).toBe(false)
      const { rows } = await backUp(databases)
      expect(rows.Subscription).toBe(0)
      expect(filesBeside(billing)).toEqual(['billing.db'])
      expect(readdirSync(join(databases.dir, 'target')).filter((name) => name.includes('still'))).toEqual([])
    }))
})
