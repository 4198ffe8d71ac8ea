import { randomBytes } from 'node:crypto'
import { readConfig } from '../config.ts'
import { requireMigrated } from '../context.ts'
import { openFile } from '../database/clients.ts'
import { UsageError } from '../errors.ts'
import { createKey, type KeyRecord, listKeys, revokeKey, SCOPES, type Scope } from '../identity/api-keys.ts'
import { checkPurposes, PURPOSE_IDS } from '../identity/purposes.ts'
import type { Arguments, Command } from './command.ts'

const scopeList = SCOPES.join(', ')

export const createCommand: Command = {
  usage: 'keys create --scope SCOPE [--scope SCOPE …] [--purpose PURPOSE …] [--name NAME] [--days N]',
  summary: 'Create an API key; it is printed once and kept only as a hash.',
  options: {
    scope: { type: 'string', value: 'SCOPE', multiple: true, help: `what the key may do: ${scopeList}` },
    purpose: {
      type: 'string',
      value: 'PURPOSE',
      multiple: true,
      help: `with pii:read, and only with it, what personal information is read for (POPIA s13): ${PURPOSE_IDS.join(', ')}`,
    },
    name: { type: 'string', value: 'NAME', default: 'cli', help: 'what the key is for' },
    days: { type: 'string', value: 'N', help: 'days until the key expires (default: never)' },
  },
  examples: [
    'keys create --scope frontend',
    'keys create --scope admin --scope pii:read --purpose support --name support --days 30 --json',
  ],
  files: 'changes',
  async run(args) {
    const scopes = readScopes(args)
    const purposes = checkPurposes(args.list('purpose').flatMap((text) => text.split(',')))
    const expiresAt = readExpiry(args)
    await using identity = await openIdentity()
    const context = { now: () => new Date(), randomBytes }
    const { id, key } = await createKey(
      identity.client,
      { name: args.text('name') ?? 'cli', scopes, purposes, ...(expiresAt && { expiresAt }) },
      context,
    )
    if (args.flag('json')) process.stdout.write(`${JSON.stringify({ id, key, scopes, purposes })}\n`)
    else process.stdout.write(`${key}\n`)
    return 0
  },
}

export const listCommand: Command = {
  usage: 'keys list [--json]',
  summary: 'List API keys: id, name, scopes, purposes and times, never the key.',
  examples: ['keys list', 'keys list --json'],
  files: 'changes',
  async run(args) {
    await using identity = await openIdentity()
    const keys = await listKeys(identity.client)
    if (args.flag('json')) process.stdout.write(`${JSON.stringify(keys)}\n`)
    else
      for (const key of keys)
        process.stdout.write(`${key.id}  ${key.name.padEnd(16)}  ${rightsOf(key)}${key.revokedAt ? '  revoked' : ''}\n`)
    return 0
  },
}

export const revokeCommand: Command = {
  usage: 'keys revoke ID',
  summary: 'Revoke an API key, from the next request on.',
  positionals: { least: 1, most: 1 },
  examples: ['keys revoke 3f9a0c1d2b4e5f60'],
  files: 'changes',
  async run(args) {
    await using identity = await openIdentity()
    const [id = ''] = args.positionals
    await revokeKey(identity.client, id, { now: () => new Date() })
    if (args.flag('json')) process.stdout.write(`${JSON.stringify({ id, revoked: true })}\n`)
    else process.stdout.write(`revoked ${id}\n`)
    return 0
  },
}

/** A key with pii:read that was made before there were purposes shows nothing in clear any more. */
function rightsOf({ scopes, purposes }: KeyRecord): string {
  const words = scopes.join(' ')
  if (purposes.length > 0) return `${words} for ${purposes.join(', ')}`
  return scopes.includes('pii:read') ? `${words} for no purpose, so for nothing: make a new one` : words
}

async function openIdentity() {
  const config = readConfig()
  const file = await openFile('identity', config.paths.identity, config)
  try {
    requireMigrated(file)
    return file
  } catch (error) {
    await file[Symbol.asyncDispose]()
    throw error
  }
}

function readScopes(args: Arguments): readonly Scope[] {
  const given = args.list('scope').flatMap((text) => text.split(','))
  if (given.length === 0) throw new UsageError('A key needs at least one scope.', { hint: `Scopes: ${scopeList}.` })
  const unknown = given.find((scope) => !(SCOPES as readonly string[]).includes(scope))
  if (unknown !== undefined) throw new UsageError(`There is no scope "${unknown}".`, { hint: `Scopes: ${scopeList}.` })
  return given as Scope[]
}

function readExpiry(args: Arguments): Date | undefined {
  const text = args.text('days')
  if (text === undefined) return undefined
  const days = Number(text)
  if (!Number.isInteger(days) || days < 1)
    throw new UsageError(`--days expects a whole number of days from 1, got "${text}".`)
  return new Date(Date.now() + days * 86_400_000)
}
