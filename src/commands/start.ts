// What `npm start` runs after its set-up: files, people, keys, server, so that a newcomer has something to look at.
import { randomInt } from 'node:crypto'
import { join } from 'node:path'
import { type Config, TRY_OUT } from '../config.ts'
import { type Context, createContext } from '../context.ts'
import { DOMAINS } from '../database/domains.ts'
import { migrate } from '../database/migrations.ts'
import { createKey, SCOPES } from '../identity/api-keys.ts'
import { seededRandom } from '../ops/makers.ts'
import { isEmpty, seed } from '../ops/seed.ts'
import type { Command } from './command.ts'
import { refuseLostFiles } from './lost-files.ts'
import { createProgress } from './progress.ts'
import { checkedConfig, serveMeasured, untilClosed } from './serving.ts'

const PEOPLE = 1_000
const KEY_HOURS = 24

export const start: Command = {
  usage: 'start',
  summary: `Migrate the three files, fill empty ones with ${PEOPLE} invented people, create keys for a day, and serve.`,
  examples: ['start', 'start --json', 'start # with GOGGA_DATA_DIR=/tmp/gogga PORT=0 in the environment'],
  files: 'itself',
  async run(args) {
    const config = await checkedConfig({ json: args.flag('json'), presets: TRY_OUT, willMigrate: true })
    if (!config) return 1
    refuseLostFiles(config.paths)
    for (const domain of DOMAINS) migrate(domain, config.paths[domain])
    const people = isEmpty(config.paths) ? fill(config) : 0
    const context = await createContext(config)
    const keys = await createKeys(context)
    const server = await serveMeasured(context)
    const { address } = server
    const administrator = context.files.identity.rows.find('User', { isServiceAdmin: true })?.id ?? null
    const started = { address, docs: `${address}/docs`, seeded: people, keys, administrator }
    process.stdout.write(args.flag('json') ? `${JSON.stringify(started)}\n` : welcome(config, started))
    await untilClosed(server)
    return 0
  },
}

function fill(config: Config): number {
  const progress = createProgress({ now: Date.now, units: { seed: 'people' } })
  const random = seededRandom(randomInt(2 ** 32))
  seed(config.paths, { people: PEOPLE, now: Date.now(), random }, (done) =>
    progress.update('seed', done, PEOPLE, 'people'),
  )
  progress.stop()
  return PEOPLE
}

/** One key per scope, so that each can be tried; earlier keys stay valid until their day is over. */
async function createKeys(context: Context): Promise<Readonly<Record<string, string>>> {
  const { client } = context.files.identity
  const expiresAt = new Date(context.now().getTime() + KEY_HOURS * 3_600_000)
  const keys: Record<string, string> = {}
  for (const scope of SCOPES) {
    const isClear = scope === 'pii:read'
    const scopes = isClear ? (['admin', 'pii:read'] as const) : [scope]
    const purposes = isClear ? (['support'] as const) : []
    const { key } = await createKey(client, { name: 'start', scopes, purposes, expiresAt }, context)
    keys[scopes.join('+')] = key
  }
  return keys
}

interface Started {
  readonly address: string
  readonly docs: string
  readonly keys: Readonly<Record<string, string>>
  readonly administrator: string | null
}

function welcome({ dataDir }: Config, { address, docs, keys, administrator }: Started): string {
  const width = Math.max(...Object.keys(keys).map((scope) => scope.length))
  const lines = Object.entries(keys).map(([scope, key]) => `  ${scope.padEnd(width)}  ${key}`)
  const example = `curl -gH "Authorization: Bearer ${keys.admin}" "${address}/v1/users?limit=2&expand=subscription"`
  return `
gogga-data  ${address}
docs        ${docs}

API keys, one per scope, valid for ${KEY_HOURS} hours:
${lines.join('\n')}

A user who may administer, for X-Gogga-Actor:
  ${administrator ?? 'none: set isServiceAdmin of a user'}

Try:
  ${example}

The README shows a whole life by curl: sign in, pay, spend, redeem. Mails lie in ${join(dataDir, 'mail')}.
Ctrl-C stops the server.
`
}
