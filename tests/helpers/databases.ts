// Three migrated files in a folder of their own, for one test: copies of the template that template.ts made.
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { inject } from 'vitest'
import { pathInFolder } from '../../src/config.ts'
import { DOMAINS, type Domain } from '../../src/database/domains.ts'

export interface Databases {
  /** The folder of the three files; anything else that the test writes may lie beside them. */
  readonly dir: string
  readonly paths: Readonly<Record<Domain, string>>
}

/** Runs `work` over three fresh migrated files and removes them afterwards, whatever happens. */
export async function withDatabases<T>(work: (databases: Databases) => T | Promise<T>): Promise<T> {
  return withFolder(async (dir) => {
    const source = at(inject('template'))
    const databases = at(dir)
    for (const domain of DOMAINS) {
      mkdirSync(dirname(databases.paths[domain]), { recursive: true, mode: 0o700 })
      copyFileSync(source.paths[domain], databases.paths[domain])
    }
    return work(databases)
  })
}

/** Runs `work` with an empty temporary folder and removes it afterwards. */
export async function withFolder<T>(work: (dir: string) => T | Promise<T>): Promise<T> {
  const dir = mkdtempSync(join(tmpdir(), 'gogga-test-'))
  try {
    return await work(dir)
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

function at(dir: string): Databases {
  const path = (domain: Domain) => pathInFolder(dir, domain)
  return { dir, paths: { identity: path('identity'), billing: path('billing'), admin: path('admin') } }
}
