// Reads and clears files on a thread of its own, so that those who ask for something meanwhile do not wait.
import { parentPort, workerData } from 'node:worker_threads'
import { openReader } from '../../database/connections.ts'
import { holdersOf } from './holders.ts'
import { holderOf } from './text-finder.ts'
import type { Task, TaskAnswers, TaskOutcome } from './thread.ts'
import { clearUnassigned } from './unassigned.ts'

const post = (outcome: TaskOutcome<keyof TaskAnswers>) => parentPort?.postMessage(outcome)

function run(task: Task): TaskAnswers[keyof TaskAnswers] {
  if (task.kind === 'unassigned') {
    const within = new Set<string>()
    const tables = clearUnassigned(task.path, { ids: task.ids, holds: holderOf(task.values, within) })
    return { tables, within: [...within] }
  }
  const reader = openReader('identity', task.path, { cacheMb: 8 })
  try {
    return holdersOf(reader, task.values, task.ids)
  } finally {
    reader.close()
  }
}

try {
  post({ answer: run(workerData as Task) })
} catch (error) {
  // Words of the driver might quote a row.
  post({ failure: (error as { code?: string }).code ?? 'unknown' })
}
