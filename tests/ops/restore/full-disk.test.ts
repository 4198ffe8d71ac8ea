import { spawnSync } from 'node:child_process'
import { mkdirSync, renameSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import Database from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import { type World, withWorld } from '../backup/world.ts'

const CHILD = join(import.meta.dirname, 'children/restore.ts')
/** A small file system of one's own needs a mount namespace; not every machine gives one. */
const canMount = spawnSync('unshare', ['-rm', 'sh', '-c', 'mount -t tmpfs tmpfs /tmp']).status === 0

// $1 the live folder, $2 where its content waits, $3 size in KiB; the rest is the command.
const SCRIPT = `
live=$1 kept=$2 size=$3; shift 3
mount -t tmpfs -o size=\${size}k,mode=700 tmpfs "$live" && cp -a "$kept/." "$live/" || exit 3
before=$(sha256sum "$live"/billing.db)
"$@"
[ "$before" = "$(sha256sum "$live"/billing.db)" ] && echo untouched
ls -A "$live" | grep -v -e "-wal$" -e "-shm$"`

/** They are kept for a day, and the restore comes two days later: removing them writes to most pages of the file. */
const MANY_CHANGES = `
  with recursive n(i) as (select 1 union all select i + 1 from n where i < 20000)
  insert into "Change" (id, route, requestHash, status, answer, createdAt)
  select hex(randomblob(16)), 'POST /v1/usage', hex(randomblob(32)), 200, '{}', '2026-06-01T12:00:00.000+00:00' from n`
const LATER = '2026-06-03T13:00:00.000Z'

function plant({ path }: World, sql: string): void {
  const connection = new Database(path)
  connection.exec(sql)
  connection.close()
}

describe.runIf(canMount)('a disk that fills up during a restore', () => {
  it.each([
    ['while the backup is fetched', 1.5],
    ['while what is too old is removed from it', 2.1],
  ])('%s: the message says how things stand, and the live file is untouched', (_name, share) =>
    withWorld(async (world) => {
      world.fill(0, 5_000)
      plant(world, MANY_CHANGES)
      const { id } = await world.take()
      const live = dirname(world.path)
      const kept = join(world.dir, 'content')
      renameSync(live, kept)
      mkdirSync(live)
      const size = Math.ceil((statSync(join(kept, 'billing.db')).size / 1024) * share)
      const command = [process.execPath, CHILD, world.dir, id, '', LATER]
      const run = spawnSync('unshare', ['-rm', 'sh', '-c', SCRIPT, 'sh', live, kept, `${size}`, ...command], {
        encoding: 'utf8',
      })
      expect(run.stderr).toContain(`UnavailableError: The disk of ${live} is full: nothing was changed\n`)
      expect(run.stdout).toBe('untouched\nbilling.db\n')
    }),
  )
})
