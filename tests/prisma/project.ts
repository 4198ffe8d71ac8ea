// A copy of what Prisma's CLI works on, so that tests may change schemas and migrations.
import { spawn } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import Database from 'better-sqlite3'
import { pathInFolder } from '../../src/config.ts'
import type { Domain } from '../../src/database/domains.ts'
import { withFolder } from '../helpers/databases.ts'

export const ROOT = resolve(import.meta.dirname, '../..')
const COPIED = [
  'prisma',
  'prisma.config.ts',
  'package.json',
  'src/database/domains.ts',
  'src/database/migration-history.ts',
]

export interface Outcome {
  readonly code: number | null
  /** stdout and stderr, without empty lines. */
  readonly output: string
}

export interface Project {
  readonly dir: string
  /** Runs the real CLI on a domain; `GOGGA_DOMAIN` and others may be given in `env`. */
  prisma(domain: Domain, args: readonly string[], options?: RunOptions): Promise<Outcome>
  path(domain: Domain): string
  /** Replaces `from`, which must be there, in the domain's schema. */
  editSchema(domain: Domain, from: string, to: string): void
  /** Names of the domain's migrations, oldest first. */
  migrations(domain: Domain): readonly string[]
  writeMigration(domain: Domain, name: string, sql: string): void
  /** Opens the domain's file, hands it to `work` and closes it. */
  inspect<T>(domain: Domain, work: (db: Database.Database) => T): T
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly input?: string
}

export async function withProject<T>(work: (project: Project) => Promise<T>): Promise<T> {
  return withFolder((dir) => {
    for (const path of COPIED) cpSync(join(ROOT, path), join(dir, path), { recursive: true })
    symlinkSync(join(ROOT, 'node_modules'), join(dir, 'node_modules'))
    return work(createProject(dir))
  })
}

function createProject(dir: string): Project {
  const migrationsDir = (domain: Domain) => join(dir, 'prisma/migrations', domain)
  const path = (domain: Domain) => pathInFolder(join(dir, 'data'), domain)
  const cli = join(dir, 'node_modules/prisma/build/index.js')
  return {
    dir,
    path,
    prisma: (domain, args, { env = {}, input } = {}) =>
      run([cli, ...args], { cwd: dir, env: { ...environment(dir), GOGGA_DOMAIN: domain, ...env }, input }),
    editSchema(domain, from, to) {
      const file = join(dir, 'prisma', `${domain}.prisma`)
      const text = readFileSync(file, 'utf8')
      if (!text.includes(from)) throw new Error(`${domain}.prisma has no ${from}`)
      writeFileSync(file, text.replace(from, to))
    },
    migrations: (domain) =>
      readdirSync(migrationsDir(domain), { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map(({ name }) => name)
        .sort(),
    writeMigration(domain, name, sql) {
      const file = join(migrationsDir(domain), name, 'migration.sql')
      mkdirSync(dirname(file), { recursive: true })
      writeFileSync(file, sql)
    },
    inspect(domain, work) {
      const db = new Database(path(domain))
      try {
        return work(db)
      } finally {
        db.close()
      }
    },
  }
}

/** A machine whose own `node` is of no use, and where an engine cannot be downloaded. */
export function environment(dir: string): Record<string, string> {
  const bin = join(dir, 'other-node')
  const node = join(bin, 'node')
  mkdirSync(bin, { recursive: true })
  writeFileSync(node, '#!/bin/sh\necho "the wrong node ran" >&2\nexit 99\n')
  chmodSync(node, 0o755)
  const env = { PATH: `${bin}:${process.env.PATH ?? ''}`, NO_COLOR: '1', PRISMA_ENGINES_MIRROR: 'http://127.0.0.1:9' }
  const { NODE_COMPILE_CACHE = join(dir, 'cache/node') } = process.env
  return { ...env, NODE_COMPILE_CACHE, HOME: dir, XDG_CACHE_HOME: join(dir, 'cache') }
}

export function run(
  args: readonly string[],
  { cwd, env, input }: { cwd: string; env: Record<string, string>; input?: string | undefined },
): Promise<Outcome> {
  return new Promise((finish, fail) => {
    const child = spawn(process.execPath, args, { cwd, env })
    const chunks: Buffer[] = []
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => chunks.push(chunk))
    child.on('error', fail)
    child.on('close', (code) =>
      finish({
        code,
        output: Buffer.concat(chunks)
          .toString()
          .replace(/\n\s*\n/g, '\n'),
      }),
    )
    child.stdin.end(input ?? '')
  })
}
