// Takes a backup of one file: a compact copy made by a thread of its own on a read-only connection, compressed while it
// grows, sealed, synced, and put into the store; the manifest last, so that a backup is there whole or not at all.
//
//   thread      VACUUM INTO, then what the copy says of itself; its checks, which a second thread shares (copying.ts)
//   meanwhile   what is settled of the copy is compressed (press.ts) on another thread and libuv's (packing.ts)
//   then        the archive is written and synced beside (pack.ts), moved to its name, the manifest after it
import { closeSync, openSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import type { Domain } from '../../database/domains.ts'
import { type Copying, startCopy } from './copying.ts'
import { understood } from './failures.ts'
import { addToHistory } from './history.ts'
import { type BackupKey, readKey } from './keys.ts'
import { openStore } from './open-store.ts'
import type { Packed } from './pack.ts'
import { startPacking } from './packing.ts'
import type { BackupPolicy } from './policy.ts'
import type { SnapshotFacts } from './snapshot-facts.ts'
import type { Store } from './store.ts'
import { MANIFEST_FORMAT, type Manifest, type OnProgress, type Sources } from './types.ts'
import { openWorkFolder, type WorkFolder } from './work-folder.ts'

export interface TakeOptions {
  readonly policy: BackupPolicy
  /** Path of the domain's file. */
  readonly path: string
  readonly sources: Sources
  /** Name of the restore point over all files that this backup is part of. */
  readonly set?: string | undefined
  /** Where `path` is itself a copy: the moment that it is of, and for how long writers were held for it. */
  readonly cut?: Cut | undefined
  readonly signal?: AbortSignal | undefined
  readonly progress?: OnProgress | undefined
}

export interface Cut {
  /** Everything committed before it is in the copy. */
  readonly takenAt: Date
  readonly heldMs: number
}

/**
 * Everything committed before the call began is in it. Throws FileError where the file is missing or damaged, ConflictError
 * where another process backs up to the same place, UnavailableError where the target is full or out of reach; nothing
 * is left behind then, and after a kill the next call removes what was.
 */
export async function takeBackup(options: TakeOptions): Promise<Manifest> {
  const { policy, sources } = options
  const key = policy.keyFile === undefined ? undefined : readKey(policy.keyFile)
  using work = openWorkFolder(policy)
  using store = openStore(policy.target)
  await removeLeftovers(store, policy.domain, policy.target.kind === 'folder', sources.now())
  try {
    return await take(options, { key, work, store })
  } catch (error) {
    throw understood(error, store.where)
  }
}

interface Means {
  readonly key: BackupKey | undefined
  readonly work: WorkFolder
  readonly store: Store
}

async function take(options: TakeOptions, { key, work, store }: Means): Promise<Manifest> {
  const { policy, path, sources, signal, progress } = options
  const { domain, compression } = policy
  signal?.throwIfAborted()
  const takenAt = options.cut?.takenAt ?? sources.now()
  const id = idOf(domain, takenAt, sources.newId())
  const paths = { copy: work.file('copy.db'), scratch: work.file('scratch'), archive: work.file('archive') }
  progress?.('copy', 0, 0)
  // VACUUM INTO fills an empty file, and would make one that others may read.
  closeSync(openSync(paths.copy, 'wx', 0o600))
  await using copying = startCopy({ domain, path, copy: paths.copy }, signal)
  const archive = `${id}.db${compression === 'zstd' ? '.zst' : ''}${key ? '.enc' : ''}`
  const isCopy = compression === 'none' && !key
  const task = { paths, kind: { id, domain, compression }, key, salt: sources.randomBytes(16) }
  const left: Promise<void>[] = []
  // Removing a gigabyte takes a while: nothing to wait for before the backup has its name. Who checks goes on.
  const onRead = () => left.push(...[paths.copy, paths.scratch].map((file) => removed(file, copying.opened)))
  const [facts, packed] = await together(copying, (signal) =>
    startPacking(task, copying.copied, { signal, onRead, progress: (done, of) => progress?.('pack', done, of) }),
  )
  progress?.('store', 0, packed.bytes.stored)
  await store.put(archive, isCopy ? paths.copy : paths.archive, signal)
  const tookMs = sources.now().getTime() - takenAt.getTime()
  const encryption = key ? ({ algorithm: 'aes-256-gcm', keyId: key.id } as const) : null
  const manifest = manifestOf(
    { id, domain, takenAt: takenAt.toISOString(), tookMs, archive, compression, encryption },
    facts,
    packed,
    options,
  )
  await store.putText(`${id}.json`, `${JSON.stringify(manifest, undefined, 2)}\n`)
  await addToHistory(store, manifest)
  await Promise.all(left)
  progress?.('store', packed.bytes.stored, packed.bytes.stored)
  return manifest
}

/** Where one fails the other is stopped and waited for: nothing is written into a folder that was cleared. */
async function together(
  { facts }: Copying,
  work: (stopped: AbortSignal) => Promise<Packed>,
): Promise<[SnapshotFacts, Packed]> {
  const stop = new AbortController()
  const packing = work(stop.signal)
  try {
    return await Promise.all([facts, packing])
  } catch (error) {
    stop.abort(error)
    await packing.catch(() => undefined)
    throw error
  }
}

/** The work folder is emptied anyway: a failure here is not the backup's. */
const removed = (path: string, when: Promise<unknown>): Promise<void> =>
  when.then(() => rm(path, { force: true })).catch(() => undefined)

function manifestOf(
  named: Pick<Manifest, 'id' | 'domain' | 'takenAt' | 'tookMs' | 'archive' | 'compression' | 'encryption'>,
  facts: SnapshotFacts,
  packed: Packed,
  { set, cut }: Pick<TakeOptions, 'set' | 'cut'>,
): Manifest {
  const belongs = { ...(set === undefined ? {} : { set }), ...(cut ? { heldMs: cut.heldMs } : {}) }
  return { format: MANIFEST_FORMAT, ...named, ...packed, ...facts, ...belongs }
}

/** `billing-20261122T231500Z-1f3c9a2e` */
function idOf(domain: Domain, time: Date, newId: string): string {
  const compact = time.toISOString().replace(/[-:]|\.\d+/g, '')
  const short = newId.toLowerCase().replace(/[^a-z0-9]/g, '')
  return `${domain}-${compact}-${short.slice(0, 8)}`
}

const ABANDONED_MS = 86_400_000
/** What a backup consists of besides its manifest; other files are somebody else's. */
const ARTEFACT = /^([a-z]+-\d{8}T\d{6}Z-[a-z0-9]+)\.(db(\.zst)?(\.enc)?|verified\.json)$/

/**
 * Archives without a manifest: somebody was killed in between. Beside a folder the lock says that nobody is at work; a
 * bucket may have others, so there they must be a day old.
 */
async function removeLeftovers(store: Store, domain: Domain, isAlone: boolean, now: Date): Promise<void> {
  const files = await store.list(`${domain}-`)
  const names = new Set(files.map(({ name }) => name))
  for (const { name, changedAt } of files) {
    const id = ARTEFACT.exec(name)?.[1]
    if (id === undefined) continue
    const isOld = now.getTime() - changedAt.getTime() > ABANDONED_MS
    if (!names.has(`${id}.json`) && (isAlone || isOld)) await store.remove(name)
  }
}
