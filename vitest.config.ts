import { defineConfig } from 'vitest/config'

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
