#!/usr/bin/env node
// The migration engine behind Prisma's CLI, instead of the binary that the CLI would download.
//
// The CLI starts it in two ways:
//   schema-engine.ts [--datamodels FILE …] --datasource JSON       JSON-RPC, one message a line, on stdin and stdout
//   schema-engine.ts --datasource JSON cli can-connect-to-database | create-database      exit code 0 or 1
// Logs go to stderr as JSON lines; the CLI shows the last one of level ERROR when the process fails.
import { parseArgs } from 'node:util'
import { runCliCommand } from './schema-engine/cli-command.ts'
import { pathOfDatasource } from './schema-engine/database-file.ts'
import { createEngine } from './schema-engine/engine.ts'
import { crashed } from './schema-engine/log.ts'
import { serve } from './schema-engine/rpc.ts'

const { values, positionals } = parseArgs({
  options: {
    datamodels: { type: 'string', multiple: true, default: [] },
    datasource: { type: 'string' },
    // Sent by the CLI in some cases, and without meaning for SQLite.
    'enabled-preview-features': { type: 'string' },
    'extension-types': { type: 'string' },
  },
  allowPositionals: true,
})

process.on('uncaughtException', crashed)
process.on('unhandledRejection', crashed)

const path = pathOfDatasource(values.datasource)
const [cli, command] = positionals
if (cli === 'cli') {
  process.exitCode = runCliCommand(command, path)
} else {
  const engine = createEngine({ datamodels: values.datamodels, path, domain: process.env.GOGGA_DOMAIN })
  const stop = () => {
    engine.close()
    process.exit(0)
  }
  // The CLI ends stdin and sends SIGTERM at once; both must leave the file closed, without -wal and -shm beside it.
  process.on('SIGTERM', stop)
  await serve(process.stdin, process.stdout, engine.call)
  stop()
}
