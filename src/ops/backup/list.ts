// What there is: manifests that can be read, newest first, with what is known of their checks.
import { type Domain, isDomain } from '../../database/domains.ts'
import { NotFoundError } from '../../errors.ts'
import { openStore } from './open-store.ts'
import type { BackupPolicy, Policies } from './policy.ts'
import type { Store } from './store.ts'
import { Drill, Manifest, Verification } from './types.ts'

export interface Backup {
  readonly manifest: Manifest
  /** The last check of the whole archive, if there was one. */
  readonly verified: Verification | undefined
  /** Bytes of the archive in the store; undefined where it is gone. */
  readonly stored: number | undefined
}

export interface Listed {
  /** Newest first. */
  readonly backups: readonly Backup[]
  readonly drills: readonly Drill[]
  /** Manifests and results that cannot be read, a sentence each. */
  readonly findings: readonly string[]
}

export async function listBackups(policy: BackupPolicy): Promise<Listed> {
  using store = openStore(policy.target)
  return await listStore(store, policy.domain)
}

export async function listStore(store: Store, domain: Domain): Promise<Listed> {
  const findings: string[] = []
  const files = [...(await store.list(`${domain}-`)), ...(await store.list(`drills/${domain}-`))]
  const sizes = new Map(files.map(({ name, bytes }) => [name, bytes]))
  const read = async <T>(name: string, shape: { safeParse(value: unknown): { success: boolean; data?: T } }) => {
    const parsed = shape.safeParse(parse(await store.readText(name)))
    if (!parsed.success) findings.push(`${name} in ${store.where} cannot be read`)
    return parsed.data
  }
  const backups: Backup[] = []
  for (const { name } of files.filter(({ name }) => /^[\w-]+\.json$/.test(name))) {
    const manifest = await read(name, Manifest)
    if (!manifest) continue
    const result = `${manifest.id}.verified.json`
    const verified = sizes.has(result) ? await read(result, Verification) : undefined
    backups.push({ manifest, verified, stored: sizes.get(manifest.archive) })
  }
  const drills: Drill[] = []
  for (const { name } of files.filter(({ name }) => name.startsWith('drills/'))) {
    const drill = await read(name, Drill)
    if (drill) drills.push(drill)
  }
  const newestFirst = backups.sort((a, b) => compare(b.manifest, a.manifest))
  return { backups: newestFirst, drills: drills.sort((a, b) => b.at.localeCompare(a.at)), findings }
}

/** By time, then by id. */
export const compare = (a: Manifest, b: Manifest): number =>
  a.takenAt.localeCompare(b.takenAt) || a.id.localeCompare(b.id)

/** The domain that a backup's id begins with. Throws NotFoundError. */
export function domainOfId(id: string): Domain {
  const [word = ''] = id.split('-')
  if (isDomain(word)) return word
  throw new NotFoundError(`No backup has the id "${id}"`, {
    hint: 'Ids look like billing-20261122T231500Z-1f3c9a2e; see "gogga backup list".',
  })
}

/** Throws NotFoundError. */
export async function findBackup(policies: Policies, id: string): Promise<Backup> {
  const policy = policies[domainOfId(id)]
  const { backups } = await listBackups(policy)
  const found = backups.find(({ manifest }) => manifest.id === id)
  if (found) return found
  throw new NotFoundError(`No backup has the id "${id}"`, { hint: `See "gogga backup list ${policy.domain}".` })
}

/** The newest whose archive is there and did not fail a check. Throws NotFoundError. */
export async function newestBackup(policy: BackupPolicy): Promise<Backup> {
  const { backups } = await listBackups(policy)
  const found = backups.find(isGood)
  if (found) return found
  throw new NotFoundError(`There is no good backup of ${policy.domain}.db`, {
    hint: `Take one: gogga backup ${policy.domain}`,
  })
}

export const isGood = ({ manifest, verified, stored }: Backup): boolean =>
  stored === manifest.bytes.stored && verified?.passed !== false

function parse(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '')
  } catch {
    return undefined
  }
}
