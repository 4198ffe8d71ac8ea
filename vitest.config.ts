import { join } from 'node:path'
import { defineConfig } from 'vitest/config'

// Workers and the processes that tests start load the same modules hundreds of times: Node keeps what it compiled.
process.env.NODE_COMPILE_CACHE ??= join(import.meta.dirname, 'node_modules/.cache/node')

export default defineConfig({
  test: {
    globalSetup: ['tests/helpers/template.ts'],
    include: ['tests/**/*.test.ts'],
    // better-sqlite3 is a native module and some tests kill processes: each test file gets a process of its own.
    pool: 'forks',
    // Tests with real files and child processes are bound by the disk and start children of their own.
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
})
