// Three open files with rows in their logs, and somebody who can write to them past the application.
import { generateKeyPairSync } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { signHeads } from '../../../src/compliance/chain/heads.ts'
import type { ChainReport } from '../../../src/compliance/chain/report.ts'
import { type VerifyOptions, verifyChains } from '../../../src/compliance/chain/verify.ts'
import { readSigningKey, type SigningKey } from '../../../src/compliance/signing.ts'
import { type Files, openFile } from '../../../src/database/clients.ts'
import { openReader } from '../../../src/database/connections.ts'
import type { Domain } from '../../../src/database/domains.ts'
import { type Databases, withDatabases } from '../../helpers/databases.ts'
import { START } from '../../helpers/one-file.ts'
import { plant } from '../../ops/check/planting.ts'

export const HOUR_MS = 3_600_000

export interface ChainWorld {
  readonly databases: Databases
  readonly files: Files
  readonly key: SigningKey
  now: Date
  /** Rows of AdminLog, each a change of its own, a second apart. */
  log(...ids: readonly string[]): Promise<void>
  events(...ids: readonly string[]): Promise<void>
  /** One change, as a busy server writes them. */
  readings(...ids: readonly string[]): Promise<void>
  sign(key?: SigningKey | null, accept?: readonly string[]): Promise<void>
  /** By a connection that is not the application's. */
  tamper(domain: Domain, ...sql: readonly string[]): void
  verify(more?: Partial<VerifyOptions>): Promise<ChainReport>
  /** Codes of what was found, with the place. */
  codes(more?: Partial<VerifyOptions>): Promise<readonly string[]>
}

export const codesOf = ({ findings }: ChainReport): readonly string[] =>
  findings.map(({ code, place, severity }) => `${severity} ${code} ${place.file}`)

export function makeKey(dir: string, name = 'signing.pem'): string {
  const { privateKey } = generateKeyPairSync('ed25519')
  const path = join(dir, name)
  writeFileSync(path, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 })
  return path
}

export const withChains = (work: (world: ChainWorld) => Promise<void>): Promise<void> =>
  withDatabases(async (databases) => {
    const { paths, dir } = databases
    const options = { busyTimeoutMs: 2_000, cacheMb: 4 }
    await using identity = await openFile('identity', paths.identity, options)
    await using billing = await openFile('billing', paths.billing, options)
    await using admin = await openFile('admin', paths.admin, options)
    const files: Files = { identity, billing, admin }
    const key = readSigningKey(makeKey(dir))
    const world: ChainWorld = {
      databases,
      files,
      key,
      now: START,
      async log(...ids) {
        for (const id of ids) {
          world.now = new Date(world.now.getTime() + 1_000)
          await admin.change((tx) =>
            tx.insert('AdminLog', { id, adminId: 'boss', action: 'user_lookup', createdAt: world.now }),
          )
        }
      },
      async events(...ids) {
        for (const id of ids)
          await billing.change((tx) =>
            tx.insert('SubscriptionEvent', {
              ...{ id, subscriptionId: 's', userId: 'u', event: 'activated', createdAt: world.now },
            }),
          )
      },
      readings: (...ids) =>
        identity.change((tx) =>
          tx.insertAll(
            'AccessLog',
            ids.map((id) => {
              const what = { apiKeyId: 'key', route: 'GET /v1/users', fields: 'users.email', subjects: '[]' }
              return { id, ...what, requestId: id, createdAt: world.now }
            }),
          ),
        ),
      async sign(by = key, accept = []) {
        await signHeads(files, { now: world.now, key: by ?? undefined, accept })
      },
      tamper: (domain, ...sql) => plant(databases, domain, ...sql),
      async verify(more = {}) {
        const readers = {
          identity: openReader('identity', paths.identity),
          billing: openReader('billing', paths.billing),
          admin: openReader('admin', paths.admin),
        }
        try {
          return await verifyChains(readers, { now: world.now, publicKeys: [key.publicPem], ...more })
        } finally {
          for (const reader of Object.values(readers)) reader.close()
        }
      },
      codes: async (more) => codesOf(await world.verify(more)),
    }
    await work(world)
  })
