// A real S3 server on this machine, with a bucket of its own for one test.

import { writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Target } from '../../../src/ops/backup/policy.ts'

type Handler = Parameters<typeof createServer>[1]
interface S3Options {
  readonly directory: string
  readonly silent: boolean
  readonly configureBuckets: readonly { readonly name: string }[]
}
type S3Server = new (options: S3Options) => { callback(): Handler; configureBuckets(): Promise<unknown> }
// The package has no types and is CommonJS.
const S3rver = createRequire(import.meta.url)('s3rver') as S3Server

export interface TestBucket {
  readonly target: Extract<Target, { kind: 's3' }>
  /** Method and path of each request, with the query's names. */
  readonly requests: string[]
  /** Answers the next requests that fit with this status. */
  failNext(pattern: RegExp, status: number, times: number): void
}

export async function withBucket<T>(dir: string, work: (bucket: TestBucket) => Promise<T>): Promise<T> {
  const app = new S3rver({ directory: join(dir, 's3'), silent: true, configureBuckets: [{ name: 'backups' }] })
  await app.configureBuckets()
  const answer = app.callback() as NonNullable<Handler>
  const requests: string[] = []
  const failure = { pattern: /^$/, status: 500, times: 0 }
  const server = createServer((request, response) => {
    const line = `${request.method} ${request.url}`
    requests.push(line)
    if (failure.times > 0 && failure.pattern.test(line)) {
      failure.times -= 1
      request.resume()
      response.writeHead(failure.status).end()
      return
    }
    answer(request, response)
  })
  const port = await listening(server)
  const credentialsFile = join(dir, 'credentials.json')
  writeFileSync(credentialsFile, JSON.stringify({ accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' }))
  const endpoint = `http://127.0.0.1:${port}`
  const place = { bucket: 'backups', prefix: 'gogga/billing', region: 'us-east-1', forcePathStyle: true }
  try {
    return await work({
      target: { kind: 's3', ...place, endpoint, credentialsFile },
      requests,
      failNext: (pattern, status, times) => Object.assign(failure, { pattern, status, times }),
    })
  } finally {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
}

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}
