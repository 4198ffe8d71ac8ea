// A process of its own that runs one turn of checks and tells what it found. A thread would not do: a statement that reads a whole
// file cannot be stopped, and a server that ends would have to wait for it.
import type { Policies } from '../backup/policy.ts'
import { promisesOf } from '../backup/promises.ts'
import { stepBack } from '../backup/step-back.ts'
import { runChecks } from './checks.ts'
import type { Finding } from './finding.ts'
import { foldersOf } from './folders.ts'
import { checksOf, type Turn } from './turns.ts'
import { codeOf, type View } from './view.ts'

export interface CheckTask {
  readonly turn: Turn
  readonly paths: View['paths']
  readonly policies: Policies
  /** Without it neither undo files nor the modes of backups are looked at. */
  readonly dataDir: string | undefined
  readonly now: Date
}

/** A code where it failed: messages may hold values. */
export type CheckAnswer = { readonly findings: readonly Finding[] } | { readonly code: string }

// Whoever began it ends it, or is gone.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => undefined)
process.once('disconnect', () => process.exit())
process.once('message', (task: CheckTask) => {
  stepBack()
  found(task).then(
    (findings) => answer({ findings }),
    (error) => answer({ code: codeOf(error) }),
  )
})

const answer = (message: CheckAnswer) => process.send?.(message, () => process.disconnect())

async function found({ turn, paths, policies, dataDir, now }: CheckTask): Promise<readonly Finding[]> {
  const backups: View['backups'] = async (domain) => (await promisesOf(policies, now, [domain]))[0]
  const folders = dataDir === undefined ? undefined : foldersOf(dataDir, policies)
  const findings: Finding[] = []
  for await (const finding of runChecks({ paths, now, backups, folders, only: checksOf(turn) })) findings.push(finding)
  return findings
}
