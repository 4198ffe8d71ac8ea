// A thread that looks at processes until it is asked for what it saw.
import { parentPort, workerData } from 'node:worker_threads'
import { lookAtProcesses, type Watched } from './processes.ts'

const POLL_MS = 50
const SHARED_MS = 500

const { look, lookShared, cost } = lookAtProcesses(workerData as Watched)
setInterval(look, POLL_MS)
setInterval(lookShared, SHARED_MS)
parentPort?.once('message', () => parentPort?.postMessage(cost()))
