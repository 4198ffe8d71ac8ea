// Before all tests: three migrated files, once, which every test copies. After them they are removed.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { pathInFolder } from '../../src/config.ts'
import { DOMAINS } from '../../src/database/domains.ts'
import { migrate } from '../../src/database/migrations.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** Folder of the migrated files. */
    readonly template: string
  }
}

export function setup(project: TestProject): () => void {
  const dir = mkdtempSync(join(tmpdir(), 'gogga-template-'))
  for (const domain of DOMAINS) migrate(domain, pathInFolder(dir, domain))
  project.provide('template', dir)
  return () => rmSync(dir, { recursive: true, force: true })
}
