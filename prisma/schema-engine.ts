#!/usr/bin/env node
// The migration engine behind Prisma's CLI, instead of the binary that the CLI would download.
//
// The CLI starts it in three ways:
//   schema-engine.ts [--datamodels FILE …] --datasource JSON       JSON-RPC, one message a line, on stdin and stdout
//   schema-engine.ts --datasource JSON cli can-connect-to-database | create-database      exit code 0 or 1
//   schema-engine.ts --version                                     prints the commit that the engine was built from
// Logs go to stderr as JSON lines; the CLI shows the last one of level ERROR when the process fails.
import { parseArgs } from 'node:util'
import { runCliCommand } from './schema-engine/cli-command.ts'
import { pathOfDatasource } from './schema-engine/database-file.ts'
import type { Engine } from './schema-engine/engine.ts'
import { serve } from './schema-engine/rpc.ts'

const { values, positionals } = parseArgs({
  options: {
    datamodels: { type: 'string', multiple: true, default: [] },
    datasource: { type: 'string' },
    version: { type: 'boolean', default: false },
    // Sent by the CLI in some cases, and without meaning for SQLite.
    'enabled-preview-features': { type: 'string' },
    'extension-types': { type: 'string' },
  },
  allowPositionals: true,
})

const path = pathOfDatasource(values.datasource)
const [cli, command] = positionals
if (values.version) {
  const { engineVersion } = await import('./schema-engine/engine.ts')
  console.log(engineVersion())
} else if (cli === 'cli') {
  process.exitCode = runCliCommand(command, path)
} else {
  let engine: Engine | undefined
  // With the first request, so that a broken package is an answer: an engine that ends early lets the CLI exit with 0.
  const call = async (method: string, params: unknown) => {
    const { createEngine } = await import('./schema-engine/engine.ts')
    engine ??= createEngine({ datamodels: values.datamodels, path, domain: process.env.GOGGA_DOMAIN })
    return engine.call(method, params)
  }
  const stop = () => {
    engine?.close()
    process.exit(0)
  }
  // The CLI ends stdin and sends SIGTERM at once; both must leave the file closed, without -wal and -shm beside it.
  process.on('SIGTERM', stop)
  const panic = Promise.withResolvers<never>()
  panic.promise.catch(() => undefined)
  process.on('uncaughtException', panic.reject)
  await serve(process.stdin, process.stdout, call, panic.promise)
  stop()
}
