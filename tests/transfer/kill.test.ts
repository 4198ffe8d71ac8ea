import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { beforeAll, describe, expect, test } from 'vitest'
import { merge } from '../../src/transfer/merge.ts'
import type { SplitReport } from '../../src/transfer/report.ts'
import { split } from '../../src/transfer/split.ts'
import { type Content, contentOf } from '../helpers/compare-databases.ts'
import { withFolder } from '../helpers/databases.ts'
import { buildLegacyDatabase } from '../helpers/legacy-database.ts'
import { transferContext } from '../helpers/transfer.ts'

const CHILD = join(import.meta.dirname, '../helpers/split-child.ts')
/** Enough for several checkpoints within one table, at so many rows a batch. */
const [USERS, BATCH] = [800, 2_000]

let source: Buffer
/** What the input holds, read once: no test changes it without saying so. */
let original: Content

beforeAll(async () => {
  await withFolder((dir) => {
    buildLegacyDatabase(join(dir, 'legacy.db'), { users: USERS })
    source = readFileSync(join(dir, 'legacy.db'))
    original = contentOf(join(dir, 'legacy.db'))
  })
})

const runChild = (legacy: string, into: string, ...fatal: string[]) =>
  spawnSync(process.execPath, [CHILD, legacy, into, String(BATCH), ...fatal], { encoding: 'utf8' })
const context = (seed?: string, signal?: AbortSignal) => ({ ...transferContext(seed, signal), batchRows: BATCH })

describe('a split that is killed shows nothing, and the next run completes it', () => {
  const moments = [
    'read:1',
    'plan:1',
    'plan:2',
    'copy:1',
    'copy:5',
    'copy:7',
    'copy:13',
    'id:90',
    'id:400',
    'verify:1',
    'verify:3',
    'publish:1',
    'publish:2',
  ]
  test.each(moments)('%s', async (moment) => {
    await withFolder(async (dir) => {
      const [legacy, into, merged] = [join(dir, 'legacy.db'), join(dir, 'data'), join(dir, 'merged.db')]
      writeFileSync(legacy, source)
      const killed = runChild(legacy, into, moment)
      expect(killed.signal).toBe('SIGKILL')
      if (moment === 'publish:2') expect(readdirSync(into).sort()).toEqual(PUBLISHED)
      else expect(existsSync(into)).toBe(false)
      const second = runChild(legacy, into)
      expect(second.stderr).toBe('')
      const report = JSON.parse(second.stdout) as SplitReport
      expect(report.begun).toBe(
        moment.startsWith('read') || moment.startsWith('plan')
          ? 'anew'
          : moment === 'publish:2'
            ? 'published'
            : 'resumed',
      )
      expect(report.tables.every(({ equal }) => equal)).toBe(true)
      expect(readdirSync(into).sort()).toEqual(PUBLISHED)
      expect(readdirSync(dir).sort()).toEqual(['data', 'legacy.db'])
      expect(readFileSync(legacy).equals(source)).toBe(true)
      await merge({ from: into, into: merged, context: transferContext() })
      expect(contentOf(merged)).toEqual(original)
    })
  })
})

test('what the files committed after the last journal is taken back', async () => {
  await withFolder(async (dir) => {
    const [legacy, into, merged] = [join(dir, 'legacy.db'), join(dir, 'data'), join(dir, 'merged.db')]
    writeFileSync(legacy, source)
    const journal = join(dir, '.gogga-split-data/journal.json')
    expect(runChild(legacy, into, 'copy:8').signal).toBe('SIGKILL')
    const earlier = readFileSync(journal)
    expect(runChild(legacy, into, 'copy:3').signal).toBe('SIGKILL')
    expect(readFileSync(journal).equals(earlier)).toBe(false)
    // As if the kill had come between the commits of the files and the journal of them.
    writeFileSync(journal, earlier)
    const report = await split({ legacy, into, context: context('third') })
    expect(report.begun).toBe('resumed')
    await merge({ from: into, into: merged, context: transferContext() })
    expect(contentOf(merged)).toEqual(original)
  })
})

test('a run after the input changed begins anew and holds the change', async () => {
  await withFolder(async (dir) => {
    const [legacy, into] = [join(dir, 'legacy.db'), join(dir, 'data')]
    writeFileSync(legacy, source)
    expect(runChild(legacy, into, 'copy:4').signal).toBe('SIGKILL')
    const database = new Database(legacy)
    database
      .prepare('insert into "LoginToken" values (?, ?, ?, ?, ?, ?)')
      .run('late', 'late', 'late@mail.example', 1, 0, 1)
    database.close()
    const report = await split({ legacy, into, context: context() })
    expect(report.begun).toBe('anew')
    const identity = new Database(join(into, 'identity/identity.db'), { readonly: true })
    expect(identity.prepare('select email from "LoginToken" where id = ?').pluck().get('late')).toBe(
      'late@mail.example',
    )
    identity.close()
  })
})

test('a run that is stopped by its signal goes on from there', async () => {
  await withFolder(async (dir) => {
    const [legacy, into] = [join(dir, 'legacy.db'), join(dir, 'data')]
    writeFileSync(legacy, source)
    const controller = new AbortController()
    const first = context('first', controller.signal)
    const stopped = split({
      legacy,
      into,
      context: {
        ...first,
        progress: ({ phase, what }) => void (phase === 'copy' && what === 'Subscription' && controller.abort()),
      },
    })
    await expect(stopped).rejects.toThrow(/abort/i)
    expect(existsSync(into)).toBe(false)
    const report = await split({ legacy, into, context: context('second') })
    expect(report.begun).toBe('resumed')
    expect(readdirSync(dir).sort()).toEqual(['data', 'legacy.db'])
  })
})

const PUBLISHED = ['admin', 'billing', 'identity', 'split-report.json', 'unassigned']
