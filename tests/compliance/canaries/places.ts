// What lies on the disk outside identity.db: the two files with their logs, what restores kept, backups, opened and as they are.
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fetchBackup } from '../../../src/ops/backup/fetch.ts'
import { listBackups } from '../../../src/ops/backup/list.ts'
import { type BackupPolicy, readPolicies } from '../../../src/ops/backup/policy.ts'
import { takeBackup } from '../../../src/ops/backup/take.ts'
import { backupSources } from '../../ops/backup/world.ts'

export interface Place {
  readonly name: string
  readonly bytes: Buffer
}

const GUARDED = ['billing', 'admin'] as const
const WAYS = [
  { compression: 'none', encrypted: false },
  { compression: 'zstd', encrypted: false },
  { compression: 'zstd', encrypted: true },
] as const

export function folderPlaces(folder: string): readonly Place[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name, parentPath }) => ({ name, bytes: readFileSync(join(parentPath, name)) }))
}

/** The folders of billing.db and admin.db with all that is in them. */
export const guardedPlaces = (dataDir: string): readonly Place[] =>
  GUARDED.flatMap((domain) => folderPlaces(join(dataDir, domain)))

/** A backup of each: plain, compressed, and compressed and encrypted. */
export async function takeBackups(dataDir: string, now: Date): Promise<void> {
  const sources = backupSources(now)
  for (const policy of policiesOf(dataDir))
    for (const { compression, encrypted } of WAYS) {
      const way = { compression, keyFile: encrypted ? policy.keyFile : undefined }
      await takeBackup({ policy: { ...policy, ...way }, path: pathIn(dataDir, policy), sources })
    }
}

/** All backups that are on hand: archives and manifests as they lie there, and the databases in them. */
export async function backupPlaces(dataDir: string): Promise<readonly Place[]> {
  const places: Place[] = []
  for (const policy of policiesOf(dataDir)) {
    places.push(...folderPlaces(join(dataDir, 'backups', policy.domain)))
    for (const { manifest } of (await listBackups(policy)).backups) {
      const target = join(dataDir, `${manifest.id}.opened`)
      await fetchBackup({ policy, manifest, target })
      places.push({ name: `${manifest.id} opened`, bytes: readFileSync(target) })
      rmSync(target)
    }
  }
  return places
}

function keyIn(dataDir: string): string {
  const path = join(dataDir, 'backup.key')
  if (!existsSync(path)) writeFileSync(path, 'canaries in a cage see no light.', { mode: 0o600 })
  return path
}

const pathIn = (dataDir: string, { domain }: BackupPolicy) => join(dataDir, domain, `${domain}.db`)

export function policiesOf(dataDir: string): readonly BackupPolicy[] {
  const policies = readPolicies({ dataDir })
  return GUARDED.map((domain) => ({ ...policies[domain], keyFile: keyIn(dataDir) }))
}
