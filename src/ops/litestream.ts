// Continuous replication by Litestream 0.3.13 (litestream.io/reference/config): a configuration per file, each with its own
// place, retention and intervals. What Litestream needs of a file, and what it does to it:
//
//   log          it holds a read transaction, copies new frames of the log every `monitor-interval` to a folder beside the file
//                (`.billing.db-litestream`) and from there every `sync-interval` to the replica: what a crash of everything
//                loses is at most their sum and the time of one upload
//   checkpoints  it makes them itself. Its read transaction keeps those of others from starting the log anew: automatic ones
//                of the server copy pages and leave the log, wal_checkpoint(TRUNCATE) says busy. Where one gets through in a
//                moment without that transaction, Litestream sees it and begins a new generation with a whole snapshot:
//                nothing is lost then, but it costs the upload
//   writing      it writes two tables of its own (`_litestream_seq`, `_litestream_lock`), so it needs the file and its folder
//   deletions    secure_delete holds in the file. The replica keeps the log with what was deleted for its retention, and
//                it is not encrypted: retentions are short, and that of identity.db the shortest

import type { Domain } from '../database/domains.ts'
import { UsageError } from '../errors.ts'
import { type BackupPolicy, type Target, targetName } from './backup/policy.ts'

export interface Replication {
  readonly domain: Domain
  readonly path: string
  readonly target: Target
  /** How far back a moment can be chosen; what is older goes with the next snapshot. */
  readonly retentionHours: number
  readonly snapshotHours: number
}

const MONITOR_INTERVAL = '250ms'
const SYNC_INTERVAL = '500ms'
/** A deleted row is in a replica for as long as both together. */
const HOURS: Readonly<Record<Domain, { readonly retentionHours: number; readonly snapshotHours: number }>> = {
  billing: { retentionHours: 72, snapshotHours: 12 },
  identity: { retentionHours: 24, snapshotHours: 6 },
  admin: { retentionHours: 72, snapshotHours: 24 },
}

/** `where`: a folder or `s3://bucket/prefix`, with a part for each domain; without it `litestream` beside the backups. */
export function replicationOf(policy: BackupPolicy, path: string, where?: string): Replication {
  const { domain } = policy
  const target = where === undefined ? inside(policy.target, 'litestream') : inside(named(where, policy.target), domain)
  return { domain, path, target, ...HOURS[domain] }
}

function inside(target: Target, name: string): Target {
  if (target.kind === 'folder') return { kind: 'folder', path: `${target.path.replace(/\/+$/, '')}/${name}` }
  return { ...target, prefix: [target.prefix, name].filter(Boolean).join('/') }
}

/** Region and endpoint are those of the policy's bucket, if it has one. */
function named(where: string, policy: Target): Target {
  if (!where.startsWith('s3://')) return { kind: 'folder', path: where }
  const [, bucket, prefix = ''] = /^s3:\/\/([^/]+)(?:\/(.*))?$/.exec(where) ?? []
  if (!bucket) throw new UsageError(`Expected s3://BUCKET/PREFIX, got "${where}".`)
  const defaults = { region: 'us-east-1', endpoint: undefined, forcePathStyle: false, credentialsFile: undefined }
  return {
    ...defaults,
    ...(policy.kind === 's3' ? policy : {}),
    kind: 's3',
    bucket,
    prefix: prefix.replace(/\/+$/, ''),
  }
}

/** The text of litestream.yml. Texts are JSON strings, which YAML has too. Throws UsageError. */
export function litestreamConfig(replications: readonly Replication[]): string {
  return [
    '# Written by "npx gogga litestream-config". Keys of a bucket: LITESTREAM_ACCESS_KEY_ID and LITESTREAM_SECRET_ACCESS_KEY.',
    'dbs:',
    ...replications.flatMap(linesOf),
    '',
  ].join('\n')
}

function linesOf(replication: Replication): string[] {
  const { path, target, retentionHours, snapshotHours } = replication
  return [
    `  - path: ${quoted(path)}`,
    `    monitor-interval: ${MONITOR_INTERVAL}`,
    '    replicas:',
    `      - type: ${target.kind === 's3' ? 's3' : 'file'}`,
    ...placeOf(target).map((line) => `        ${line}`),
    `        sync-interval: ${SYNC_INTERVAL}`,
    `        snapshot-interval: ${snapshotHours}h`,
    `        retention: ${retentionHours}h`,
  ]
}

function placeOf(target: Target): string[] {
  if (target.kind === 'folder') return [`path: ${quoted(target.path)}`]
  const { bucket, prefix, region, endpoint, forcePathStyle } = target
  return [
    `bucket: ${quoted(bucket)}`,
    `path: ${quoted(prefix)}`,
    `region: ${quoted(region)}`,
    ...(endpoint === undefined ? [] : [`endpoint: ${quoted(endpoint)}`]),
    ...(forcePathStyle ? ['force-path-style: true'] : []),
  ]
}

/** Litestream puts the environment in place of every `$NAME` in its configuration, and knows no escape. */
function quoted(text: string): string {
  if (text.includes('$')) throw new UsageError(`Litestream cannot be told of ${text}: it has a $ in it`)
  return JSON.stringify(text)
}

/** For people: where each file goes. */
export const describeReplication = ({ domain, target, retentionHours }: Replication): string =>
  `${domain}.db to ${targetName(target)}, for ${retentionHours} hours`
