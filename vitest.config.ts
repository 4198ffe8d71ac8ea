import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['tests/**/*.test.ts'],
    globalSetup: [],
    pool: 'forks',
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
})
