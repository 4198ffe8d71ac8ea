// Prisma's CLI works on one of the three domains at a time: the one that GOGGA_DOMAIN names.
// `npm run db -- <command>` runs a command for each.
import { existsSync } from 'node:fs'
import { delimiter, dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'prisma/config'

const URL_NAMES = { identity: 'IDENTITY_DB_URL', billing: 'BILLING_DB_URL', admin: 'ADMIN_DB_URL' } as const
type Domain = keyof typeof URL_NAMES

const folder = dirname(fileURLToPath(import.meta.url))
const env = process.env
const domain = chosenDomain()

useOurEngine()

export default defineConfig({
  schema: join(folder, 'prisma', `${domain}.prisma`),
  migrations: { path: join(folder, 'prisma', 'migrations', domain) },
  datasource: { url: chosenUrl() },
})

function chosenDomain(): Domain {
  const name = env.GOGGA_DOMAIN || 'identity'
  if (Object.hasOwn(URL_NAMES, name)) return name as Domain
  const expected = Object.keys(URL_NAMES).join(', ')
  throw new Error(`GOGGA_DOMAIN is "${name}"; expected one of ${expected}. Leave it unset for identity.`)
}

/** Absolute, since the CLI and the engine resolve relative URLs against different folders. */
function chosenUrl(): string {
  const given = env[URL_NAMES[domain]]
  if (!given) {
    const dataDir = env.GOGGA_DATA_DIR ? resolve(env.GOGGA_DATA_DIR) : join(folder, 'data')
    return `file:${join(dataDir, domain, `${domain}.db`)}`
  }
  if (!given.startsWith('file:')) {
    throw new Error(`${URL_NAMES[domain]} must begin with "file:", got "${given.split(':')[0]}:…"`)
  }
  return `file:${resolve(given.slice('file:'.length).split('?')[0] ?? '')}`
}

/** Neither downloads nor calls home; see docs/decisions/0001-prisma-cli-offline.md. */
function useOurEngine(): void {
  // The engine and the catalog generator are TypeScript under `env node`: the pinned Node must come first, even where
  // the CLI itself was started by an older one.
  const bin = join(folder, 'node_modules', '.bin')
  const tooOld = Number(process.versions.node.split('.')[0]) < 24
  if (tooOld && !existsSync(join(bin, 'node'))) {
    throw new Error(`Prisma's CLI needs Node 24 here, this is ${process.version}. Install Node 24, or run npm install.`)
  }
  env.PATH = [bin, env.PATH].filter(Boolean).join(delimiter)
  env.GOGGA_DOMAIN = domain
  env.PRISMA_SCHEMA_ENGINE_BINARY = join(folder, 'prisma', 'schema-engine.ts')
  env.CHECKPOINT_DISABLE = '1'
  env.PRISMA_HIDE_UPDATE_MESSAGE = '1'
}
