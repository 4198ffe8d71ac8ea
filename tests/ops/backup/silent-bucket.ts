// A bucket that takes connections and never answers.
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BackupPolicy, readPolicies } from '../../../src/ops/backup/policy.ts'

export interface SilentBucket extends AsyncDisposable {
  /** Of billing, which goes there. */
  readonly policy: BackupPolicy
  /** Resolves when somebody asked it for the first time. */
  readonly asked: Promise<unknown>
}

export async function silentBucket(): Promise<SilentBucket> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => undefined))
  })
  const asked = once(server, 'connection')
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const folder = mkdtempSync(join(tmpdir(), 'gogga-test-'))
  const credentialsFile = join(folder, 'credentials.json')
  writeFileSync(credentialsFile, JSON.stringify({ accessKeyId: 'a', secretAccessKey: 'b' }), { mode: 0o600 })
  const endpoint = `http://127.0.0.1:${port}`
  const place = { bucket: 'b', prefix: '', region: 'us-east-1', endpoint, forcePathStyle: true, credentialsFile }
  return {
    policy: { ...readPolicies({ dataDir: folder }).billing, target: { kind: 's3', ...place } },
    asked,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
      rmSync(folder, { recursive: true })
    },
  }
}
