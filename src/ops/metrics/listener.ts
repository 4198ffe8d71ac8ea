// Metrics on a port of their own, without a key: for a network that only Prometheus reaches.
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Metrics } from './metrics.ts'

export interface MetricsListener extends AsyncDisposable {
  readonly port: number
}

/** Rejects where the port is taken. Answers GET and HEAD of /metrics, and nothing else. */
export async function listenForMetrics(metrics: Metrics, host: string, port: number): Promise<MetricsListener> {
  const server = createServer(answer(metrics))
  server.listen({ host, port })
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

const answer =
  ({ text, contentType }: Metrics): RequestListener =>
  async ({ method, url }, response) => {
    if (url !== '/metrics') return void response.writeHead(404).end()
    if (method !== 'GET' && method !== 'HEAD') return void response.writeHead(405, { allow: 'GET, HEAD' }).end()
    try {
      const body = await text()
      response.writeHead(200, { 'content-type': contentType }).end(method === 'HEAD' ? undefined : body)
    } catch {
      response.writeHead(500).end()
    }
  }
