// What merge must find, and must not find, before it begins.
import { existsSync } from 'node:fs'
import Database from 'better-sqlite3'
import { pathInFolder } from '../config.ts'
import { DOMAINS, type Domain, FILES, nameOfApplicationId } from '../database/domains.ts'
import { migrationState } from '../database/migrations.ts'
import { ConflictError, FileError } from '../errors.ts'

export function requireFiles(from: string): void {
  for (const domain of DOMAINS) {
    const path = pathInFolder(from, domain)
    if (existsSync(path)) continue
    throw new FileError(`${domain}.db is missing: nothing is at ${path}`, {
      hint: 'Name the folder that split wrote, or restore the file from a backup.',
    })
  }
}

export function requireNothingAt(into: string): void {
  const taken = ['', '-wal', '-journal'].map((suffix) => into + suffix).find((path) => existsSync(path))
  if (taken === undefined) return
  throw new ConflictError(`Something is at ${taken}: merge writes over nothing`, {
    hint: 'Name a file that does not exist yet, or move that one away.',
  })
}

/** `copy` is looked at, `path` is named. */
export function requireDomain(domain: Domain, copy: string, path: string): void {
  const connection = new Database(copy, { readonly: true })
  try {
    const found = connection.pragma('application_id', { simple: true }) as number
    if (found !== FILES[domain].applicationId) {
      const expected = nameOfApplicationId(FILES[domain].applicationId)
      throw new FileError(`${path} is ${nameOfApplicationId(found)}, expected ${expected}`, {
        hint: 'Put each file into the folder of its own name.',
      })
    }
    const { pending } = migrationState(domain, connection)
    if (pending.length === 0) return
    throw new FileError(`${domain}.db at ${path} lacks the migrations ${pending.join(', ')}`, {
      hint: 'Run "npx gogga migrate" and repeat the merge.',
    })
  } finally {
    connection.close()
  }
}
