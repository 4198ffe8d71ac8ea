import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { osUser } from '../../src/commands/os-user.ts'
import { withFolder } from '../helpers/databases.ts'

test('says who signed in, and with whose rights the command runs, in numbers', () =>
  withFolder((dir) => {
    const own = String(process.geteuid?.())
    const path = join(dir, 'loginuid')
    const told = (text: string) => {
      writeFileSync(path, text)
      return osUser(path)
    }
    expect(told('1234567')).toBe(`1234567 as ${own}`)
    for (const text of [own, '4294967295', '', 'thabo']) expect(told(text), text).toBe(own)
    expect(osUser(join(dir, 'none'))).toBe(own)
  }))
