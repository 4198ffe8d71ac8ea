import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { withFolder } from '../helpers/databases.ts'
import { buildLegacyDatabase } from '../helpers/legacy-database.ts'
import { gogga } from './gogga-child.ts'

it('answers the four questions and recommends, in words and as JSON', () =>
  withFolder(async (dir) => {
    const path = join(dir, 'dev.db')
    buildLegacyDatabase(path, { users: 30 })
    const { code, out } = await gogga(dir, 'advise', 'dev.db')
    expect(code).toBe(0)
    expect(out.match(/^\d\. .*\? (Yes|No)\.$/gm)).toHaveLength(4)
    expect(out).toMatch(/^ {3}AdminLog\.ip: \d+ values? \(\d+ ip; all rows read\)$/m)
    expect(out).toMatch(/\nRecommendation: split\. \d of 4 .*\nNext: npx gogga split dev\.db --into data --dry-run\n$/)
    expect(out.split('\n').filter((line) => line.length > 100 && !/^ {3}\w+\.\w+: /.test(line))).toEqual([])
    const json = JSON.parse((await gogga(dir, 'advise', path, '--json')).out)
    expect(json).toMatchObject({ path, recommendation: 'split', compliance: { yes: true } })
  }))

it('says what the file is where it is not the unified database', () =>
  withFolder(async (dir) => {
    writeFileSync(join(dir, 'x.db'), 'x')
    expect(await gogga(dir, 'advise', 'x.db')).toMatchObject({
      code: 1,
      out: '',
      err: expect.stringContaining('is not a SQLite'),
    })
    expect(await gogga(dir, 'advise', 'y.db')).toMatchObject({ code: 2, out: '' })
    expect(await gogga(dir, 'advise')).toMatchObject({ code: 2, out: '' })
  }))
