// A thread of its own: moves the log into the file whenever it is told to, without keeping anybody from writing.
import { parentPort, workerData } from 'node:worker_threads'
import { openWriter } from '../../database/connections.ts'
import type { Domain } from '../../database/domains.ts'

const { domain, path } = workerData as { readonly domain: Domain; readonly path: string }
const connection = openWriter(domain, path, { cacheMb: 1 })

parentPort?.on('message', (message: 'checkpoint' | 'close') => {
  if (message === 'checkpoint') {
    const [row] = connection.pragma('wal_checkpoint(PASSIVE)') as { checkpointed: number }[]
    parentPort?.postMessage(row?.checkpointed ?? 0)
    return
  }
  connection.close()
  parentPort?.close()
})
