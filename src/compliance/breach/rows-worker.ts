// The thread of rows.ts, with readers of its own.
import { parentPort, workerData } from 'node:worker_threads'
import { modelsOf } from '../../database/catalog.ts'
import { openReader } from '../../database/connections.ts'
import type { Domain } from '../../database/domains.ts'
import { GoggaError } from '../../errors.ts'
import { KnownValues, readKnown } from '../audit/values/known.ts'
import { scanFile } from '../audit/values/scan-file.ts'
import { heldIn } from './period.ts'
import type { RowsAsked, RowsFound, RowsMessage } from './rows.ts'

const post = (message: RowsMessage) => parentPort?.postMessage(message)

function found({ domain, path, identity, to }: RowsAsked): RowsFound {
  using opened = new DisposableStack()
  const open = (one: Domain, at: string) =>
    opened.adopt(openReader(one, at, { cacheMb: 8 }), (reader) => reader.close())
  let [before, at, last] = [0, 0, '']
  const all = scanFile({
    ...{ domain, connection: open(domain, path), closely: true },
    known: identity === undefined ? new KnownValues() : readKnown(open('identity', identity)),
    rowsOf: (name) => {
      const model = modelsOf(domain).find((one) => one.name === name)
      return model && heldIn(model, { to })
    },
    onProgress: ({ table, rows }) => {
      if (table !== last) before += at
      ;[last, at] = [table, rows]
      post({ type: 'progress', rows: before + rows, table })
    },
  })
  return {
    count: all.find(({ code }) => code === 'values.scope')?.count ?? 0,
    findings: all.filter(({ severity }) => severity !== 'info'),
  }
}

try {
  post({ type: 'found', found: found(workerData as RowsAsked) })
} catch (error) {
  // Other words might quote a row.
  const why = error instanceof GoggaError ? error.message : ((error as { code?: string }).code ?? 'unknown')
  post({ type: 'failed', message: `Rows could not be read: ${why}` })
}
