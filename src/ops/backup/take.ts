// Takes a backup of one file: a compact copy made by a thread of its own on a read-only connection, compressed while it
// grows, sealed, synced, and put into the store; the manifest last, so that a backup is there whole or not at all.
//
//   thread      VACUUM INTO, then the checks of the copy and what it says of itself
//   meanwhile   what is settled of the copy is compressed on libuv's threads (pack.ts)
//   then        the archive is written and synced beside, moved to its name, the manifest after it
import { closeSync, openSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { Worker } from 'node:worker_threads'
import type { Domain } from '../../database/domains.ts'
import { createSealer } from './archive.ts'
import { rebuilt, understood } from './failures.ts'
import { addToHistory } from './history.ts'
import { type BackupKey, readKey } from './keys.ts'
import { openStore } from './open-store.ts'
import { type Packed, pack, pressAhead } from './pack.ts'
import type { BackupPolicy } from './policy.ts'
import type { SnapshotFacts } from './snapshot-facts.ts'
import type { Store } from './store.ts'
import type { TakeMessage, TakeTask } from './take-worker.ts'
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
  const pressed = compression === 'zstd' ? await pressAhead(paths, copying.copied, signal) : []
  await copying.copied
  const sealer = createSealer({ id, domain, compression }, key, sources.randomBytes(16))
  const packing = pack(paths, {
    compression,
    sealer,
    pressed,
    signal,
    progress: (done, of) => progress?.('pack', done, of),
  })
  const [facts, packed] = await Promise.all([copying.facts, packing])
  const archive = `${id}.db${compression === 'zstd' ? '.zst' : ''}${key ? '.enc' : ''}`
  progress?.('store', 0, packed.bytes.stored)
  await Promise.all([rm(paths.copy), rm(paths.scratch, { force: true })])
  await store.put(archive, paths.archive, signal)
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
  progress?.('store', packed.bytes.stored, packed.bytes.stored)
  return manifest
}

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

/** Disposing ends the thread, so that it writes nothing into a folder that was cleared. */
interface Copying extends AsyncDisposable {
  readonly copied: Promise<void>
  readonly facts: Promise<SnapshotFacts>
}

function startCopy(task: TakeTask, signal: AbortSignal | undefined): Copying {
  const worker = new Worker(new URL('./take-worker.ts', import.meta.url), { workerData: task })
  const [copied, facts] = [Promise.withResolvers<void>(), Promise.withResolvers<SnapshotFacts>()]
  const fail = (error: unknown) => {
    copied.reject(error)
    facts.reject(error)
  }
  const abort = () => fail(signal?.reason)
  signal?.addEventListener('abort', abort, { once: true })
  worker.on('message', (message: TakeMessage) => {
    if (message.type === 'copied') copied.resolve()
    else if (message.type === 'facts') facts.resolve(message.facts)
    else fail(rebuilt(message.code, message.message, message.hint))
  })
  worker.on('error', fail)
  worker.on('exit', () => {
    signal?.removeEventListener('abort', abort)
    fail(new Error('The thread that copies ended early'))
  })
  // Whoever waits gets the rejection; until then it must not end the process.
  copied.promise.catch(() => undefined)
  facts.promise.catch(() => undefined)
  return {
    copied: copied.promise,
    facts: facts.promise,
    async [Symbol.asyncDispose]() {
      await worker.terminate()
    },
  }
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
