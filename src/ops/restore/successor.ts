// The file that takes the place of the live one: what the backup has, migrated and made to fit the others.
import { existsSync, renameSync, rmSync, statSync } from 'node:fs'
import { type Connection, openReader, openWriter } from '../../database/connections.ts'
import type { Domain } from '../../database/domains.ts'
import { syncFile } from '../../database/durable.ts'
import { migrate } from '../../database/migrations.ts'
import { type Rows, rowsOver, type Tx } from '../../database/rows.ts'
import type { Manifest } from '../backup/types.ts'
import type { Readers } from '../check/view.ts'
import type { Purged } from '../purge/purge.ts'
import { purgeWithin } from '../purge/purge-within.ts'
import { type Dangling, danglingLinks, openSiblings, type Paths, readable } from './dangling.ts'
import { type Erasures, replayErasures } from './erasures.ts'
import { isKin } from './kin.ts'
import { lossesOf, type TableLoss } from './losses.ts'
import { type Reconciled, ROWS_DELETED } from './marks.ts'
import { giveOwner } from './owners.ts'
import { reconcile } from './reconcile.ts'

export interface SuccessorOptions {
  readonly policy: { readonly domain: Domain }
  readonly paths: Paths
  readonly sources: { readonly now: () => Date; readonly newId: () => string }
}

export interface Successor {
  readonly domain: Domain
  readonly backup: Pick<Manifest, 'id' | 'takenAt' | 'rows'>
  /**
   * Of the live file before: what it says was compared where it could be read, and believed unless it is `unrelated`: then not
   * one row of the backup is in it, so that somebody made it anew.
   */
  readonly live: 'compared' | 'unrelated' | 'missing' | 'unreadable'
  /** Tables in which the live file and the backup differ; empty where the live file was not compared. */
  readonly losses: readonly TableLoss[]
  /** Migrations that the backup lacked and the restored file has. */
  readonly migrated: readonly string[]
  readonly erasures: Erasures
  readonly reconciled: Reconciled
  /** Rows that the backup brought back though they were kept for as long as the schema says: gone again. */
  readonly purged: readonly Purged[]
  /** Other files that could not be read: nothing was reconciled with them. */
  readonly closed: readonly Domain[]
  /** Links that dangle afterwards. */
  readonly dangling: readonly Dangling[]
}

/** `copy`: the backup as it was fetched; synced at the end, with the owner and the rights of the file it will replace. */
export async function makeSuccessor(
  { policy: { domain }, paths, sources }: SuccessorOptions,
  { id, takenAt, rows }: Manifest,
  copy: string,
): Promise<Successor> {
  using siblings = openSiblings(domain, paths)
  const migrated = migrate(domain, copy)
  const old = openOld(domain, paths[domain])
  try {
    const { losses, live } = compare(domain, old, { copy, path: paths[domain] })
    const evidence = live === 'compared' ? old : undefined
    const fitted = adapt(domain, copy, {
      old: evidence,
      siblings: siblings.readers,
      takenAt: new Date(takenAt),
      sources,
    })
    if (removedAny(fitted)) rebuild(domain, copy)
    requireWhole(copy)
    syncFile(copy)
    giveOwner(copy, paths[domain])
    const dangling = await withReader(domain, copy, (reader) =>
      danglingLinks(domain, { ...siblings.readers, [domain]: reader }),
    )
    const facts = { domain, backup: { id, takenAt, rows }, live, losses, migrated } as const
    return { ...facts, ...fitted, closed: siblings.closed, dangling }
  } finally {
    old?.close()
  }
}

function compare(
  domain: Domain,
  old: Connection | undefined,
  { copy, path }: { readonly copy: string; readonly path: string },
): Pick<Successor, 'losses' | 'live'> {
  if (!old) return { losses: [], live: existsSync(path) ? 'unreadable' : 'missing' }
  const reader = openReader(domain, copy)
  try {
    return { losses: lossesOf(domain, old, reader), live: isKin(domain, old, reader) ? 'compared' : 'unrelated' }
  } finally {
    reader.close()
  }
}

/** Undefined where it is missing or damaged: then nothing in it is believed. */
function openOld(domain: Domain, path: string): Connection | undefined {
  const reader = readable(domain, path)
  if (!reader) return undefined
  try {
    if (reader.pragma('quick_check(1)', { simple: true }) === 'ok') return reader
  } catch {}
  reader.close()
  return undefined
}

interface Beside {
  readonly old: Connection | undefined
  readonly siblings: Readers
  readonly takenAt: Date
  readonly sources: SuccessorOptions['sources']
}

function adapt(domain: Domain, copy: string, { old, siblings, takenAt, sources }: Beside) {
  const writer = openWriter(domain, copy)
  try {
    const tx = rowsOver(domain, writer) as unknown as Tx
    const before = old && (rowsOver(domain, old) as unknown as Rows<Domain>)
    const [identity, billing, admin] = [
      siblings.identity && rowsOver('identity', siblings.identity),
      siblings.billing && rowsOver('billing', siblings.billing),
      siblings.admin && rowsOver('admin', siblings.admin),
    ]
    const others = [before, identity, billing, admin].filter((rows) => rows !== undefined) as unknown as Rows<Domain>[]
    return writer.transaction(() => {
      const erasures = replayErasures(tx, others)
      const reconciled = reconcile({ tx, old: before, identity, billing, admin, takenAt, sources })
      // Last, since what is reconciled may be old as well.
      return { erasures, reconciled, purged: purgeWithin(tx, sources.now()) }
    })()
  } finally {
    writer.close() // The last connection: the log goes into the file.
  }
}

async function withReader<T>(domain: Domain, path: string, work: (reader: Connection) => Promise<T>): Promise<T> {
  const reader = openReader(domain, path)
  try {
    return await work(reader)
  } finally {
    reader.close()
  }
}

const removedAny = ({ erasures, reconciled, purged }: Pick<Successor, 'erasures' | 'reconciled' | 'purged'>): boolean =>
  erasures.rows + (reconciled.done[ROWS_DELETED] ?? 0) + purged.reduce((sum, { rows }) => sum + rows, 0) > 0

/**
 * Archives may hold bytes of rows a second time, where nothing names them (what VACUUM INTO leaves without secure_delete): the
 * rows that were just removed would stay readable in the file.
 */
function rebuild(domain: Domain, copy: string): void {
  const beside = `${copy}.rebuilt`
  rmSync(beside, { force: true })
  const writer = openWriter(domain, copy)
  try {
    writer.prepare('vacuum into ?').run(beside)
  } finally {
    writer.close()
  }
  renameSync(beside, copy)
  openWriter(domain, copy).close() // Back in WAL mode.
}

function requireWhole(path: string): void {
  const log = statSync(`${path}-wal`, { throwIfNoEntry: false })
  if (log && log.size > 0) throw new Error('The restored file still has a log of its own')
}
