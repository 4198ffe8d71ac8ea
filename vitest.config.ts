import { join } from 'node:path'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

// Workers and the processes that tests start load the same modules hundreds of times: Node keeps what it compiled.
process.env.NODE_COMPILE_CACHE ??= join(import.meta.dirname, 'node_modules/.cache/node')

/** The longest ones, longest first: begun last, one of them would keep one core busy and leave the other idle. */
const LONGEST = [
  'transfer/kill',
  'saga/kill',
  'chaos/chaos',
  'operations',
  'prisma/cli',
  'transfer/property',
  'ops/backup/set',
  'ops/backup/take',
  'pii/find',
  'commands/restore',
  'ops/backup/archive',
  'commands/backup',
  'commands/outbox',
  'commands/cut-off-restores',
  'ops/shutdown',
  'commands/start',
].map((name) => `/tests/${name}.test.ts`)

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification) => {
      const at = LONGEST.findIndex((path) => moduleId.endsWith(path))
      return at < 0 ? LONGEST.length : at
    }
    return (await super.sort(files)).sort((a, b) => place(a) - place(b))
  }
}

export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    globalSetup: ['tests/helpers/template.ts'],
    include: ['tests/**/*.test.ts'],
    // better-sqlite3 is a native module and some tests kill processes, so workers are processes. Files share them: loading the
    // modules of a file anew takes longer than most of its tests.
    pool: 'forks',
    isolate: false,
    // One more than the cores that are asked for: tests with real files and child processes wait for the disk and for these.
    maxWorkers: 3,
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
})
