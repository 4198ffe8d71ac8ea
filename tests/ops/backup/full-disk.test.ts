import { spawnSync } from 'node:child_process'
import { mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { withWorld } from './world.ts'

const CHILD = join(import.meta.dirname, 'children/take.ts')
/** A small file system of one's own needs a mount namespace; not every machine gives one. */
const canMount = spawnSync('unshare', ['-rm', 'sh', '-c', 'mount -t tmpfs tmpfs /tmp']).status === 0

describe.runIf(canMount)('a disk that fills up', () => {
  it.each([
    ['while the copy is made', 0.5],
    ['while it is compressed', 1.1],
  ])('%s: one message that names the target, and nothing left', (_name, share) =>
    withWorld((world) => {
      world.fill(0, 9_000)
      const disk = join(world.dir, 'disk')
      mkdirSync(disk)
      const size = Math.ceil((statSync(world.path).size / 1024) * share)
      const script = `mount -t tmpfs -o size=${size}k tmpfs "$1" && "$2" "$3" "$4" "" "$1/b"; find "$1" -type f | grep -v lock.db`
      const run = spawnSync('unshare', ['-rm', 'sh', '-c', script, 'sh', disk, process.execPath, CHILD, world.dir], {
        encoding: 'utf8',
      })
      expect(run.stderr).toBe(`UnavailableError: The disk of ${disk}/b is full: no backup was made\n`)
      expect(run.stdout).toBe('')
    }),
  )
})
