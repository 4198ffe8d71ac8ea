// Prisma's own migration engine, compiled to WebAssembly, over the driver adapter.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils'
import * as bindings from '@prisma/schema-engine-wasm/schema_engine_bg'
import { EngineAdapterFactory } from './adapter-factory.ts'
import { createDatabaseFile, requireDatabaseFile } from './database-file.ts'
import { EngineError } from './engine-error.ts'

export interface EngineOptions {
  /** Paths of the schema files. */
  readonly datamodels: readonly string[]
  /** The SQLite file; undefined where the CLI names none. */
  readonly path: string | undefined
  /** The domain whose file it must be, if known. */
  readonly domain: string | undefined
}

export interface Engine {
  /** Answers one request. Throws errors that carry Prisma's code where there is one. */
  call(method: string, params: unknown): Promise<unknown>
  close(): void
}

type Method = (params: unknown) => Promise<unknown>
type Bound = ReturnType<typeof bindMigrationAwareSqlAdapterFactory>

/** Opens the file with the first request that needs it. */
export function createEngine({ datamodels, path, domain }: EngineOptions): Engine {
  let factory: EngineAdapterFactory | undefined
  let bound: Bound | undefined
  let engine: Record<string, Method> | undefined
  let openedPath: string | undefined

  async function open(usedPath: string): Promise<Record<string, Method>> {
    factory?.close()
    openedPath = usedPath
    factory = new EngineAdapterFactory(usedPath, domain)
    bound = bindMigrationAwareSqlAdapterFactory(factory)
    const schemas = datamodels.map((file): [string, string] => [file, readFileSync(file, 'utf8')])
    // The engine panics on an empty list.
    const options = { datamodels: schemas.length > 0 ? schemas : undefined }
    loadWasm()
    const onLog = (line: string) => process.stderr.write(`${line.trim()}\n`)
    return (await bindings.SchemaEngine.new(options, onLog, bound)) as unknown as Record<string, Method>
  }

  async function call(method: string, params: unknown): Promise<unknown> {
    if (method === 'createDatabase') {
      if (path !== undefined) createDatabaseFile(path)
      return { databaseName: requireDatabaseFile(path) }
    }
    const usedPath = needsFile(method, params) ? requireDatabaseFile(path) : ':memory:'
    try {
      if (!engine || usedPath !== openedPath) engine = await open(usedPath)
      return await answer(factory as EngineAdapterFactory, engine, method, params)
    } catch (error) {
      throw explained(error as Error, { factory, bound, method, params })
    }
  }

  return { call, close: () => factory?.close() }
}

async function answer(
  factory: EngineAdapterFactory,
  engine: Record<string, Method>,
  method: string,
  params: unknown,
): Promise<unknown> {
  const run = engine[RENAMED[method] ?? method]
  if (!run) throw new Error(`The engine has no method ${method}: prisma and @prisma/schema-engine-wasm must fit.`)
  factory.historyMissing = false
  factory.failedScript = undefined
  // Here the engine as WebAssembly deletes the rows only, and the migrations then meet their own tables.
  if (method === 'reset') return factory.dropEverything()
  // Baselining: the engine inserts into the history without making it.
  if (method === 'markMigrationApplied') await factory.createHistory()
  const result = await run.call(engine, params)
  if (method === 'schemaPush') await factory.markDomain()
  if (method === 'diagnoseMigrationHistory' && factory.historyMissing) {
    return { ...(result as object), hasMigrationsTable: false }
  }
  return result
}

const RENAMED: Readonly<Record<string, string>> = { getDatabaseVersion: 'version' }

interface Failure {
  readonly factory: EngineAdapterFactory | undefined
  readonly bound: Bound | undefined
  readonly method: string
  readonly params: unknown
}

/** What the binary would have answered: the engine as WebAssembly loses two kinds of reasons. */
function explained(error: Error, { factory, bound, method, params }: Failure): Error {
  // An error of ours that went through the engine comes back as its number.
  const [, id] = /^External error id#(\d+)/.exec(error.message) ?? []
  if (id !== undefined) {
    const original = bound?.errorRegistry.consumeError(Number(id))?.error
    return original instanceof Error ? original : error
  }
  const failed = method === 'applyMigrations' ? factory?.failedScript : undefined
  const migration = failed && nameOfMigration(failed.sql, params)
  return migration ? migrationFailed(migration, failed) : error
}

function nameOfMigration(sql: string, params: unknown): string | undefined {
  const { migrationsList } = (params ?? {}) as Partial<bindings.ApplyMigrationsInput>
  const isFailed = ({ migrationFile: { content } }: bindings.MigrationDirectory) =>
    content.tag === 'ok' && content.value === sql
  return migrationsList?.migrationDirectories.find(isFailed)?.path
}

function migrationFailed(name: string, { code, message }: { code: number | undefined; message: string }): EngineError {
  const text = [
    'A migration failed to apply. New migrations cannot be applied before the error is recovered from. Read more about how to resolve migration issues in a production database: https://pris.ly/d/migrate-resolve',
    `Migration name: ${name}`,
    `Database error code: ${code ?? 'none'}`,
    `Database error:\n${message}`,
  ]
  return new EngineError(text.join('\n\n'), 'P3018')
}

/** A diff of schemas and migrations, or a question for the version, works without the file. */
function needsFile(method: string, params: unknown): boolean {
  if (method === 'getDatabaseVersion') return false
  if (method !== 'diff') return true
  const { from, to } = params as { from: { tag: string }; to: { tag: string } }
  return [from, to].some(({ tag }) => tag === 'url' || tag === 'schemaDatasource')
}

// Node has it; its types come with the DOM's library, which would let the whole project name a window.
declare const WebAssembly: {
  Module: new (bytes: Uint8Array) => object
  Instance: new (module: object, imports: object) => { exports: { __wbindgen_start(): void } }
}

/** The commit that the engine was built from, as the binary prints it. */
export function engineVersion(): string {
  loadWasm()
  return `schema-engine-cli ${bindings.version()}`
}

let loaded = false

/** By hand, since Node's own `import` of WebAssembly is experimental. */
function loadWasm(): void {
  if (loaded) return
  // Where the engine leaves the reason of a panic before it traps; without it the reason is lost.
  const registry = {
    set_message(message: string) {
      throw new Error(message)
    },
  }
  Object.assign(globalThis, { PRISMA_WASM_PANIC_REGISTRY: registry })
  const javascript = import.meta.resolve('@prisma/schema-engine-wasm/schema_engine_bg')
  const bytes = readFileSync(fileURLToPath(javascript.replace(/\.js$/, '.wasm')))
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { './schema_engine_bg.js': bindings })
  bindings.__wbg_set_wasm(exports)
  exports.__wbindgen_start()
  loaded = true
}
