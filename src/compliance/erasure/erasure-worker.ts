// Reads and clears files on a thread of its own, so that those who ask for something meanwhile do not wait.
import { parentPort, workerData } from 'node:worker_threads'
import { type CatalogModel, quote } from '../../database/catalog.ts'
import { type Connection, openReader } from '../../database/connections.ts'
import type { Domain } from '../../database/domains.ts'
import { holdersOf } from './holders.ts'
import { holderOf } from './text-finder.ts'
import type { Task, TaskAnswers, TaskOutcome } from './thread.ts'
import { clearUnassigned } from './unassigned.ts'

const post = (outcome: TaskOutcome<keyof TaskAnswers>) => parentPort?.postMessage(outcome)

function run(task: Task): TaskAnswers[keyof TaskAnswers] {
  if (task.kind === 'unassigned') {
    using stack = new DisposableStack()
    const gone = (model: CatalogModel, ids: readonly string[]) =>
      goneFrom(readerOf(stack, task, model.domain), model, ids)
    const within = new Set<string>()
    const tables = clearUnassigned(task.path, { ids: task.ids, holds: holderOf(task.values, within), gone })
    return { tables, within: [...within] }
  }
  const reader = openReader('identity', task.path, { cacheMb: 8 })
  try {
    return holdersOf(reader, task.values, task.ids)
  } finally {
    reader.close()
  }
}

const readers = new Map<Domain, Connection>()

/** One for each file. */
function readerOf(stack: DisposableStack, { paths }: Task, domain: Domain): Connection {
  const known = readers.get(domain)
  if (known) return known
  const reader = openReader(domain, paths?.[domain] ?? '', { cacheMb: 8 })
  readers.set(domain, reader)
  return stack.adopt(reader, () => reader.close())
}

function goneFrom(reader: Connection, { name, key }: CatalogModel, ids: readonly string[]): readonly string[] {
  const column = quote(key[0] ?? '')
  const sql = `select value from json_each(?) where value not in (select ${column} from ${quote(name)} where ${column} in
    (select value from json_each(?)))`
  return reader.prepare(sql).pluck().all(JSON.stringify(ids), JSON.stringify(ids)) as string[]
}

try {
  post({ answer: run(workerData as Task) })
} catch (error) {
  // Words of the driver might quote a row.
  post({ failure: (error as { code?: string }).code ?? 'unknown' })
}
