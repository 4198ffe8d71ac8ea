// Prisma's own migration engine, compiled to WebAssembly, over the driver adapter.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils'
import * as bindings from '@prisma/schema-engine-wasm/schema_engine_bg'
import { EngineAdapterFactory } from './adapter-factory.ts'
import { createDatabaseFile, requireDatabaseFile } from './database-file.ts'

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
interface Opened {
  readonly factory: EngineAdapterFactory
  readonly engine: Record<string, Method> & { free(): void }
}

/** Opens the file with the first request that needs it. */
export function createEngine({ datamodels, path, domain }: EngineOptions): Engine {
  let opened: Opened | undefined

  async function open(method: string, params: unknown): Promise<Opened> {
    const usedPath = needsFile(method, params) ? requireDatabaseFile(path) : ':memory:'
    const factory = new EngineAdapterFactory(usedPath, domain)
    const schemas = datamodels.map((file): [string, string] => [file, readFileSync(file, 'utf8')])
    // The engine panics on an empty list.
    const options = { datamodels: schemas.length > 0 ? schemas : undefined }
    loadWasm()
    const onLog = (line: string) => process.stderr.write(`${line.trim()}\n`)
    const engine = await bindings.SchemaEngine.new(options, onLog, bindMigrationAwareSqlAdapterFactory(factory))
    return { factory, engine: engine as unknown as Opened['engine'] }
  }

  async function call(method: string, params: unknown): Promise<unknown> {
    if (method === 'createDatabase') {
      if (path !== undefined) createDatabaseFile(path)
      return { databaseName: requireDatabaseFile(path) }
    }
    opened ??= await open(method, params)
    return answer(opened, method, params)
  }

  return {
    call,
    close() {
      opened?.factory.close()
      opened = undefined
    },
  }
}

async function answer({ factory, engine }: Opened, method: string, params: unknown): Promise<unknown> {
  factory.historyMissing = false
  if (method === 'getDatabaseVersion') return engine.version?.(undefined)
  // Baselining: the engine inserts into the history without making it.
  if (method === 'markMigrationApplied') await factory.createHistory()
  const run = engine[method]
  if (!run)
    throw new Error(`Method not found: ${method}. Do the versions of prisma and @prisma/schema-engine-wasm fit?`)
  const result = await run.call(engine, params)
  if (method === 'diagnoseMigrationHistory' && factory.historyMissing) {
    return { ...(result as object), hasMigrationsTable: false }
  }
  return result
}

/** A diff of schemas and migrations, or a question for the version, works without the file. */
function needsFile(method: string, params: unknown): boolean {
  if (method === 'getDatabaseVersion') return false
  if (method !== 'diff') return true
  const { from, to } = params as { from: { tag: string }; to: { tag: string } }
  return [from, to].some(({ tag }) => tag === 'url' || tag === 'schemaDatasource')
}

let loaded = false

/** By hand, since `import` of WebAssembly needs a flag. */
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
  const imports = { './schema_engine_bg.js': bindings as unknown as WebAssembly.ModuleImports }
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), imports)
  bindings.__wbg_set_wasm(exports)
  const start = exports.__wbindgen_start as () => void
  start()
  loaded = true
}
