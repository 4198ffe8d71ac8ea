// Compares a restored file with its manifest, on a thread of its own: a full check of a large file takes minutes.
import { Worker } from 'node:worker_threads'
import { openReader } from '../../database/connections.ts'
import { FILES } from '../../database/domains.ts'
import { migrationState } from '../../database/migrations.ts'
import { rebuilt } from './failures.ts'
import { checkForeignKeys, checkPages, checkTables, factsOf } from './snapshot-facts.ts'
import type { Manifest } from './types.ts'

export interface CheckTask {
  readonly path: string
  readonly manifest: Manifest
}

export type CheckMessage =
  | { readonly type: 'findings'; readonly findings: string[] }
  | { readonly type: 'failure'; readonly code: string; readonly message: string; readonly hint: string | undefined }

/** What the file and its manifest disagree about, and what is wrong with the file by itself; a sentence each. */
export async function checkDatabase(path: string, manifest: Manifest, signal?: AbortSignal): Promise<string[]> {
  signal?.throwIfAborted()
  const task: CheckTask = { path, manifest }
  const worker = new Worker(new URL('./check-worker.ts', import.meta.url), { workerData: task })
  const result = Promise.withResolvers<string[]>()
  const abort = () => result.reject(signal?.reason)
  signal?.addEventListener('abort', abort, { once: true })
  worker.on('message', (message: CheckMessage) => {
    if (message.type === 'findings') result.resolve(message.findings)
    else result.reject(rebuilt(message.code, message.message, message.hint))
  })
  worker.on('error', result.reject)
  worker.on('exit', () => result.reject(new Error('The thread that checks ended early')))
  try {
    return await result.promise
  } finally {
    signal?.removeEventListener('abort', abort)
    await worker.terminate()
  }
}

/** The same on this thread. */
export function findingsIn({ path, manifest }: CheckTask): string[] {
  const { domain } = manifest
  const connection = openReader(domain, path, { cacheMb: 64 })
  try {
    const pages = checkPages(connection)
    // Where pages are broken, everything else only says so again, or fails.
    if (pages.length > 0) return pages
    const findings = [...checkTables(connection), ...checkForeignKeys(connection)]
    const facts = factsOf(connection)
    if (facts.applicationId !== FILES[domain].applicationId) findings.push(`application_id is ${facts.applicationId}`)
    findings.push(...refusalOf(() => migrationState(domain, connection)))
    for (const part of ['rows', 'migrations', 'outbox', 'inbox'] as const) {
      if (JSON.stringify(facts[part]) !== JSON.stringify(manifest[part]))
        findings.push(`${part} differ: the manifest says ${brief(manifest[part])}, the file ${brief(facts[part])}`)
    }
    return findings
  } finally {
    connection.close()
  }
}

function refusalOf(work: () => unknown): string[] {
  try {
    work()
    return []
  } catch (error) {
    return [(error as Error).message]
  }
}

const brief = (value: unknown): string => JSON.stringify(value).slice(0, 300)
