// One check on a thread of its own, which steps back behind those that answer requests.
import { parentPort, workerData } from 'node:worker_threads'
import { knownError } from '../../database/errors.ts'
import { type CheckMessage, type CheckTask, findingsIn } from './check-database.ts'
import { stepBack } from './step-back.ts'

const task = workerData as CheckTask
const post = (message: CheckMessage) => parentPort?.postMessage(message)

stepBack()
try {
  post({ type: 'findings', findings: findingsIn(task) })
} catch (error) {
  const known = knownError(error, task.manifest.domain, task.path)
  // Classes do not travel between threads, codes and words do.
  post({
    type: 'failure',
    code: known?.code ?? 'internal',
    message: (known ?? (error as Error)).message,
    hint: known?.hint,
  })
}
