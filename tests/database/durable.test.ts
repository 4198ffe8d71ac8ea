import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { withFolder } from '../helpers/databases.ts'

const CHILD = join(import.meta.dirname, 'children/write-whole.ts')

it('a disk that takes only a part leaves the file as it was, and says so', () =>
  withFolder((dir) => {
    const path = join(dir, 'journal.json')
    writeFileSync(path, 'before')
    // bash counts blocks of 1,024 bytes: the first write is cut there, and only a second one fails.
    const write = (characters: number) =>
      spawnSync(
        'bash',
        ['-c', 'ulimit -f 2; trap "" XFSZ; exec "$0" "$@"', process.execPath, CHILD, path, `${characters}`],
        {
          encoding: 'utf8',
        },
      )
    expect(write(1_500)).toMatchObject({ status: 0, stdout: 'written\n' })
    expect(write(3_000).stdout).toBe('EFBIG\n')
    expect(readFileSync(path, 'utf8')).toBe('é'.repeat(750))
  }))
