import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { withFolder } from '../helpers/databases.ts'
import { buildLegacyDatabase } from '../helpers/legacy-database.ts'

const CHILD = join(import.meta.dirname, '../helpers/split-child.ts')
/** A small file system of one's own needs a mount namespace; not every machine gives one. */
const canMount = spawnSync('unshare', ['-rm', 'sh', '-c', 'mount -t tmpfs tmpfs /tmp']).status === 0

describe.runIf(canMount)('a disk that fills up', () => {
  // Room beyond the copy of the input, in KiB: an empty file of each domain takes more than the second has.
  test.each([
    ['while the input is copied', -1_500],
    ['while the new files are made', 300],
    ['while rows are moved', 2_500],
    ['while more rows are moved', 4_500],
  ])('%s: one message, nothing left, the input untouched', async (_, room) => {
    await withFolder((dir) => {
      const [legacy, disk] = [join(dir, 'legacy.db'), join(dir, 'disk')]
      buildLegacyDatabase(legacy, { users: 2_000 })
      mkdirSync(disk)
      const before = createHash('sha256').update(readFileSync(legacy)).digest('hex')
      const size = Math.ceil(statSync(legacy).size / 1024) + room
      const script = `mount -t tmpfs -o size=${size}k tmpfs "$1" && { "$2" "$3" "$4" "$1/data"; ls -A "$1"; }`
      const run = spawnSync('unshare', ['-rm', 'sh', '-c', script, 'sh', disk, process.execPath, CHILD, legacy], {
        encoding: 'utf8',
      })
      expect(run.stderr).toMatch(/UnavailableError: The disk of .*data is full: nothing was written there/)
      expect(run.stdout).toBe('')
      expect(createHash('sha256').update(readFileSync(legacy)).digest('hex')).toBe(before)
    })
  })
})
