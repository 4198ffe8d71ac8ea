// Work of a server that takes longer than a request may wait: in a process of its own, so that requests go on. A thread would not do:
// a statement that reads a whole file cannot be stopped, and a server that ends would have to wait for it.
import { type ChildProcess, fork, type Serializable } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/**
 * `module` takes one task and answers once. Resolves with that answer when the process has ended, with undefined where it gave none;
 * a signal ends it at once, whatever it does, and its reason is thrown.
 */
export async function inProcess<Answer>(
  module: URL,
  task: Serializable,
  signal: AbortSignal,
): Promise<Answer | undefined> {
  signal.throwIfAborted()
  // What a library prints there may hold values.
  const child = fork(fileURLToPath(module), [], {
    execArgv: [],
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  })
  const kill = () => void child.kill('SIGKILL')
  signal.addEventListener('abort', kill, { once: true })
  try {
    const answer = await answerOf<Answer>(child, task)
    signal.throwIfAborted()
    return answer
  } finally {
    signal.removeEventListener('abort', kill)
    kill()
  }
}

async function answerOf<Answer>(child: ChildProcess, task: Serializable): Promise<Answer | undefined> {
  // Its answer may lie in the channel still when it is gone.
  const ended = Promise.all([once(child, 'exit'), once(child, 'disconnect')])
  ended.catch(() => undefined) // Where the task cannot be sent, nobody waits for it.
  const answers: Answer[] = []
  child.on('message', (message) => answers.push(message as Answer))
  child.send(task, (error) => error && child.kill('SIGKILL'))
  await ended
  return answers[0]
}

/** The other side: does the one task that it is sent, answers and ends. `failed` turns an error into an answer without values. */
export function answerOneTask<Task, Answer>(
  work: (task: Task) => Promise<Answer>,
  failed: (code: string) => Answer,
): void {
  // Whoever began it ends it, or is gone.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => undefined)
  process.once('disconnect', () => process.exit())
  const answer = (message: Answer) => process.send?.(message, () => process.disconnect())
  process.once('message', (task: Task) => {
    work(task).then(answer, (error: { code?: string; name?: string }) =>
      answer(failed(error.code ?? error.name ?? 'unknown')),
    )
  })
}
