// What a store holds besides backups that are whole: what an audit must not pass over.
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { DOMAINS, type Domain } from '../../database/domains.ts'
import { type Backup, listStore } from './list.ts'
import { openStore } from './open-store.ts'
import type { Policies } from './policy.ts'

export interface Kept {
  /** Whose archive is there, newest first. */
  readonly backups: readonly Backup[]
  /** Ids of backups whose archive is gone. */
  readonly missing: readonly string[]
  /** Files that no manifest names; with a path where the store is a folder. */
  readonly strays: readonly { readonly name: string; readonly path: string | undefined }[]
  /** Names of manifests and results that cannot be read. */
  readonly unreadable: readonly string[]
}

/** What the program itself keeps beside archives. */
const OWN = /^(?:(?:drills\/)?[\w-]+\.json|[\w-]+\.verified\.json)$/

/** Throws where the store cannot be read. */
export async function keptIn(policies: Policies, domain: Domain): Promise<Kept> {
  const { target } = policies[domain]
  using store = openStore(target)
  const { backups, findings } = await listStore(store, domain)
  const archives = new Set(backups.map(({ manifest }) => manifest.archive))
  const others = DOMAINS.filter((one) => one !== domain && isDeepStrictEqual(policies[one].target, target))
  const isOfOther = (name: string) => others.some((one) => name.startsWith(`${one}-`))
  const strays = (await store.list()).filter(({ name }) => !archives.has(name) && !OWN.test(name) && !isOfOther(name))
  return {
    backups: backups.filter(({ stored }) => stored !== undefined),
    missing: backups.filter(({ stored }) => stored === undefined).map(({ manifest }) => manifest.id),
    strays: strays.map(({ name }) => ({ name, path: target.kind === 'folder' ? join(target.path, name) : undefined })),
    unreadable: findings.map((finding) => finding.split(' in ')[0] ?? 'A manifest'),
  }
}
