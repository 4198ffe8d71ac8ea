// Each file by itself: room, writer, statements, outbox. A file that cannot be read now leaves its figures out and says so.
import { statfsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Registry } from 'prom-client'
import type { Files } from '../../database/clients.ts'
import { DOMAINS, type Domain } from '../../database/domains.ts'
import type { Join } from '../../join/types.ts'
import { type OutboxFigures, outboxOf } from '../../saga/dead-letters.ts'
import { type PendingPolicies, pendingPolicies } from '../link-policies.ts'
import { addCounter, addGauge, addHistogram, type Labels } from './registry.ts'

export interface FileSources {
  readonly files: Files
  readonly join: Pick<Join, 'statistics'>
  readonly now: () => Date
}

type Series<T> = readonly (readonly [Labels, T])[]

export function addFileMetrics(registry: Registry, sources: FileSources): void {
  addRoom(registry, sources)
  addWriter(registry, sources)
  addStatements(registry, sources)
  addOutbox(registry, sources)
  addLinkPolicies(registry, sources)
}

/** `domain` on every one; the files that cannot give it are left out. */
function perFile<T>(read: (domain: Domain) => T): Series<T> {
  return DOMAINS.flatMap((domain) => {
    try {
      return [[{ domain }, read(domain)] as const]
    } catch {
      return []
    }
  })
}

function addRoom(registry: Registry, { files }: FileSources): void {
  const add = (name: string, help: string, read: (path: string) => number) =>
    addGauge(registry, { name, help, labels: ['domain'], read: () => perFile((domain) => read(files[domain].path)) })
  add('gogga_file_bytes', 'Size of the file, without its write-ahead log.', (path) => statSync(path).size)
  add('gogga_wal_bytes', 'Size of the write-ahead log.', sizeOfLog)
  add('gogga_disk_free_bytes', "Free space on the file's disk.", (path) => {
    const { bavail, bsize } = statfsSync(dirname(path))
    return bavail * bsize
  })
  addGauge(registry, {
    name: 'gogga_file_readable',
    help: '1 where the file can be read now, 0 where its other figures are missing.',
    labels: ['domain'],
    read: () => DOMAINS.map((domain) => [{ domain }, isReadable(files, domain) ? 1 : 0] as const),
  })
}

const sizeOfLog = (path: string): number => statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0

function isReadable(files: Files, domain: Domain): boolean {
  try {
    statSync(files[domain].path)
    files[domain].reader.pragma('schema_version')
    return true
  } catch {
    return false
  }
}

function addWriter(registry: Registry, { files }: FileSources): void {
  addGauge(registry, {
    name: 'gogga_writer_queue_length',
    help: 'What waits for the writer: turns, and changes, which share a turn.',
    labels: ['domain', 'kind'],
    read: () =>
      DOMAINS.flatMap((domain) => {
        const { waiting, changesWaiting } = files[domain].statistics
        return [[{ domain, kind: 'turn' }, waiting] as const, [{ domain, kind: 'change' }, changesWaiting] as const]
      }),
  })
  const durations = {
    wait: ['gogga_writer_wait_seconds', "From asking for the writer's turn to having it."],
    hold: ['gogga_writer_hold_seconds', "From the beginning of a writer's turn to its end, commit included."],
    change: ['gogga_change_seconds', 'Statements of one change, inside its transaction.'],
    commit: ['gogga_commit_seconds', 'One COMMIT with its sync to disk, which changes may share.'],
  } as const
  for (const [kind, [name, help]] of Object.entries(durations)) {
    const read = () => perFile((domain) => files[domain].statistics.durations[kind as keyof typeof durations])
    addHistogram(registry, { name, help, labels: ['domain'], read })
  }
}

function addStatements(registry: Registry, { files, join }: FileSources): void {
  addHistogram(registry, {
    name: 'gogga_read_statement_seconds',
    help: 'One statement of a join request.',
    labels: ['domain'],
    read: () => perFile((domain) => join.statistics[domain].durations),
  })
  /** Who keeps the statements: the join service, changes and reads of rows, Prisma. */
  const counts = (count: 'hits' | 'prepared'): Series<number> =>
    DOMAINS.flatMap((domain) => {
      const { rows, ...prisma } = files[domain].statistics
      return [
        [{ domain, cache: 'join' }, join.statistics[domain].counts[count]] as const,
        [{ domain, cache: 'rows' }, rows.reader[count] + rows.writer[count]] as const,
        [{ domain, cache: 'prisma' }, prisma[count].reader + prisma[count].writer] as const,
      ]
    })
  const labels = ['domain', 'cache']
  addCounter(registry, {
    name: 'gogga_statement_cache_hits_total',
    help: 'Statements that were compiled already when they were needed.',
    labels,
    read: () => counts('hits'),
  })
  addCounter(registry, {
    name: 'gogga_statements_prepared_total',
    help: 'Statements that had to be compiled.',
    labels,
    read: () => counts('prepared'),
  })
}

function addOutbox(registry: Registry, { files, now }: FileSources): void {
  const add = (name: string, help: string, value: (figures: OutboxFigures) => number) =>
    addGauge(registry, {
      name,
      help,
      labels: ['domain'],
      read: () => perFile((domain) => value(outboxOf(files, domain))),
    })
  add('gogga_outbox_waiting', "Messages in the file's outbox that are not delivered yet.", ({ waiting }) => waiting)
  add('gogga_outbox_dead', 'Dead letters: messages that wait for a person.', ({ dead }) => dead)
  add('gogga_outbox_oldest_seconds', 'Age of the oldest message that waits; 0 without any.', ({ oldest }) =>
    oldest === null ? 0 : Math.max(0, (now().getTime() - Date.parse(oldest)) / 1_000),
  )
}

/** Without a domain: a policy is pending until every file has followed it. */
function addLinkPolicies(registry: Registry, { files, now }: FileSources): void {
  const add = (name: string, help: string, value: (pending: PendingPolicies) => number) =>
    addGauge(registry, {
      name,
      help,
      labels: [],
      read: () => {
        try {
          return [[{}, value(pendingPolicies(files, now()))]]
        } catch {
          return [] // One of the files cannot be read; gogga_file_readable says so.
        }
      },
    })
  add(
    'gogga_link_policies_waiting',
    'Messages about deleted rows whose links other files do not follow yet.',
    ({ waiting }) => waiting,
  )
  add('gogga_link_policies_oldest_seconds', 'Age of the oldest of them, dead or not; 0 without any.', ({ oldestMs }) =>
    Math.max(0, oldestMs / 1_000),
  )
}
