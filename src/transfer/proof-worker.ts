// One side of the proof, or some of its tables, on a thread of its own.
import { parentPort, workerData } from 'node:worker_threads'
import { GoggaError } from '../errors.ts'
import { type ProofTask, prove } from './proof.ts'
import type { ProofMessage } from './proof-threads.ts'

const post = (message: ProofMessage) => parentPort?.postMessage(message)

try {
  const proof = prove(workerData as ProofTask, (rows) => post({ type: 'progress', rows }))
  post({ type: 'proof', proof })
} catch (error) {
  // Classes do not travel between threads, codes and words do.
  const { code, message, hint } = error as GoggaError & Error
  post({ type: 'failure', code, message, hint: error instanceof GoggaError ? hint : undefined })
}
