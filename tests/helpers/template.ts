// Before all tests: three migrated files, once, which every test copies, and the compiled modules of every command. After
// them the files are removed.
import { spawnSync } from 'node:child_process'
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
  keepCompiled()
  return () => rmSync(dir, { recursive: true, force: true })
}

/** Node keeps what it compiled when a process ends by itself; one that is killed can only read what another kept. */
function keepCompiled(): void {
  const gogga = join(import.meta.dirname, '../../scripts/gogga.ts')
  const { status, stderr } = spawnSync(process.execPath, [gogga, '--help'], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`gogga --help ended with ${status}: ${stderr}`)
}
