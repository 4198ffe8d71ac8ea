// Work of a server that takes longer than a request may wait: in a process of its own, so that requests go on. A thread would not do:
// a statement that reads a whole file cannot be stopped, and a server that ends would have to wait for it.
import { type ChildProcess, fork, type Serializable } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

export interface InProcessOptions<Note> {
  /** What it tells before its answer. */
  readonly onNote?: ((note: Note) => void) | undefined
  /** For Node itself, such as bounds of its memory. */
  readonly flags?: readonly string[]
}

interface Noted<Note> {
  readonly note: Note
}

/**
 * `module` takes one task and answers once. Resolves with that answer when the process has ended, with undefined where it gave none;
 * a signal ends it at once, whatever it does, and its reason is thrown.
 */
export async function inProcess<Answer, Note = never>(
  module: URL,
  task: Serializable,
  signal: AbortSignal,
  { onNote, flags = [] }: InProcessOptions<Note> = {},
): Promise<Answer | undefined> {
  signal.throwIfAborted()
  // What a library prints there may hold values.
  const child = fork(fileURLToPath(module), [], {
    execArgv: [...flags],
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  })
  const kill = () => void child.kill('SIGKILL')
  signal.addEventListener('abort', kill, { once: true })
  try {
    const answer = await answerOf<Answer>(child, task, (note) => onNote?.(note as Note))
    signal.throwIfAborted()
    return answer
  } finally {
    signal.removeEventListener('abort', kill)
    kill()
  }
}

async function answerOf<Answer>(
  child: ChildProcess,
  task: Serializable,
  onNote: (note: unknown) => void,
): Promise<Answer | undefined> {
  // Its answer may lie in the channel still when it is gone.
  const ended = Promise.all([once(child, 'exit'), once(child, 'disconnect')])
  ended.catch(() => undefined) // Where the task cannot be sent, nobody waits for it.
  const answers: Answer[] = []
  child.on('message', (message) => {
    if (typeof message === 'object' && 'note' in message) onNote(message.note)
    else answers.push(message as Answer)
  })
  child.send(task, (error) => error && child.kill('SIGKILL'))
  await ended
  return answers[0]
}

/** The other side: does the one task that it is sent, answers and ends. `failed` turns an error into an answer without values. */
export function answerOneTask<Task, Answer, Note = never>(
  work: (task: Task, tell: (note: Note) => void) => Promise<Answer>,
  failed: (code: string) => Answer,
): void {
  // Whoever began it ends it, or is gone.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => undefined)
  process.once('disconnect', () => process.exit())
  const answer = (message: Answer) => process.send?.(message, () => process.disconnect())
  process.once('message', (task: Task) => {
    work(task, (note) => process.send?.({ note } satisfies Noted<Note>)).then(
      answer,
      (error: { code?: string; name?: string }) => answer(failed(error.code ?? error.name ?? 'unknown')),
    )
  })
}
