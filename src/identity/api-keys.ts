// Keys of services: `gogga_<id>_<secret>`. The secret is 256 random bits, so a plain SHA-256 of it is enough at rest; a
// slow hash protects only what people choose. Verification reads the row at every request: a revoked key stops at once.
import { hash, timingSafeEqual } from 'node:crypto'
import type { Connection } from '../database/connections.ts'
import { NotFoundError, UsageError } from '../errors.ts'
import type { PrismaClient } from '../generated/identity/client.ts'
import { checkPurposes, isPurpose, PURPOSE_HINT, type PurposeId } from './purposes.ts'

/** What a key may do. `pii:read` opens no route by itself: it shows personal information in clear on those that another scope opens. */
export const SCOPES = ['frontend', 'admin', 'ops', 'compliance', 'pii:read'] as const

export type Scope = (typeof SCOPES)[number]

export interface NewKey {
  /** Who uses it, for the list of keys: 1 to 100 characters, without control characters. */
  readonly name: string
  readonly scopes: readonly Scope[]
  /** What its holder may read personal information for; a key with pii:read needs one at least, any other takes none. */
  readonly purposes?: readonly PurposeId[]
  /** Never, when absent. */
  readonly expiresAt?: Date
}

export interface KeyRecord {
  readonly id: string
  readonly name: string
  readonly scopes: readonly Scope[]
  readonly purposes: readonly PurposeId[]
  readonly createdAt: Date
  readonly expiresAt: Date | null
  readonly revokedAt: Date | null
}

export interface Caller {
  readonly keyId: string
  readonly scopes: ReadonlySet<Scope>
  readonly purposes: readonly PurposeId[]
}

export interface KeySources {
  readonly now: () => Date
  readonly randomBytes: (size: number) => Buffer
}

const ID_BYTES = 8
const SECRET_BYTES = 32
const KEY = /^gogga_([0-9a-f]{16})_([A-Za-z0-9_-]{43})$/

const FIELDS = {
  id: true,
  name: true,
  scopes: true,
  purposes: true,
  createdAt: true,
  expiresAt: true,
  revokedAt: true,
} as const

/** The key itself is in this answer and nowhere else. Throws UsageError. */
export async function createKey(
  client: PrismaClient,
  { name, scopes, purposes = [], expiresAt }: NewKey,
  { now, randomBytes }: KeySources,
): Promise<KeyRecord & { readonly key: string }> {
  const createdAt = now()
  checkName(name)
  checkScopes(scopes)
  const known = checkPurposes(purposes)
  if (scopes.includes('pii:read') && known.length === 0) throw purposeMissing()
  if (!scopes.includes('pii:read') && known.length > 0) throw purposeForNothing()
  if (expiresAt && !(expiresAt > createdAt)) throw new UsageError('A key must expire in the future')
  const id = randomBytes(ID_BYTES).toString('hex')
  const secret = randomBytes(SECRET_BYTES).toString('base64url')
  const row = await client.apiKey.create({
    data: {
      id,
      name,
      hash: hashOf(secret),
      scopes: scopes.join(' '),
      purposes: known.join(' '),
      createdAt,
      expiresAt: expiresAt ?? null,
    },
    select: FIELDS,
  })
  return { ...toRecord(row), key: `gogga_${id}_${secret}` }
}

/** Revoking twice keeps the first time. Throws NotFoundError. */
export async function revokeKey(
  client: PrismaClient,
  id: string,
  { now }: Pick<KeySources, 'now'>,
): Promise<KeyRecord> {
  await client.apiKey.updateMany({ where: { id, revokedAt: null }, data: { revokedAt: now() } })
  const row = await client.apiKey.findUnique({ where: { id }, select: FIELDS })
  if (row) return toRecord(row)
  throw new NotFoundError('No key has this id', { hint: 'Run "gogga keys list" to see the ids.' })
}

/** All keys, newest first, revoked and expired ones included. */
export async function listKeys(client: PrismaClient): Promise<readonly KeyRecord[]> {
  const rows = await client.apiKey.findMany({ select: FIELDS, orderBy: [{ createdAt: 'desc' }, { id: 'asc' }] })
  return rows.map(toRecord)
}

/**
 * A function from the presented key to its caller; undefined when it is malformed, unknown, revoked or expired. One
 * prepared statement and one SHA-256, some microseconds, so nothing is cached.
 */
export function keyVerifier(reader: Connection): (presented: string, now: Date) => Caller | undefined {
  const find = reader.prepare<[string], { hash: string; scopes: string; purposes: string; expiresAt: string | null }>(
    'select hash, scopes, purposes, expiresAt from "ApiKey" where id = ? and revokedAt is null',
  )
  return (presented, now) => {
    const [, keyId, secret] = KEY.exec(presented) ?? []
    if (keyId === undefined || secret === undefined) return undefined
    const row = find.get(keyId)
    if (!row || !sameText(row.hash, hashOf(secret))) return undefined
    if (row.expiresAt !== null && !(Date.parse(row.expiresAt) > now.getTime())) return undefined
    return { keyId, scopes: new Set(scopesOf(row.scopes)), purposes: purposesOf(row.purposes) }
  }
}

export const isScope = (text: string): text is Scope => (SCOPES as readonly string[]).includes(text)

const hashOf = (secret: string): string => hash('sha256', secret, 'hex')

function sameText(one: string, other: string): boolean {
  const [left, right] = [Buffer.from(one), Buffer.from(other)]
  return left.length === right.length && timingSafeEqual(left, right)
}

// A scope or a purpose that this version does not know gives nothing.
const scopesOf = (text: string): Scope[] => text.split(' ').filter(isScope)
const purposesOf = (text: string): PurposeId[] => text.split(' ').filter(isPurpose)

const toRecord = (row: Omit<KeyRecord, 'scopes' | 'purposes'> & { scopes: string; purposes: string }): KeyRecord => ({
  ...row,
  scopes: scopesOf(row.scopes),
  purposes: purposesOf(row.purposes),
})

const purposeMissing = () =>
  new UsageError('A key with the scope pii:read needs at least one purpose', { hint: PURPOSE_HINT })

const purposeForNothing = () =>
  new UsageError('A key without the scope pii:read shows nothing in clear, so that a purpose would be for nothing', {
    hint: 'Give it the scope pii:read as well, or leave the purpose out.',
  })

function checkName(name: string): void {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused.
  if (name.trim() !== '' && name.length <= 100 && !/[\u0000-\u001f\u007f]/.test(name)) return
  throw new UsageError('A key needs a name of 1 to 100 characters, without control characters')
}

function checkScopes(scopes: readonly string[]): void {
  const allowed = SCOPES.join(', ')
  if (scopes.length === 0) throw new UsageError(`A key needs at least one scope of ${allowed}`)
  const unknown = scopes.filter((scope) => !isScope(scope))
  if (unknown.length > 0) throw new UsageError(`Unknown scope ${unknown.join(', ')}: expected ${allowed}`)
}
