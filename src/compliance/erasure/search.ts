// Looks for values in the raw bytes of files. A process of its own reads them: closing a descriptor of an open database
// would drop this process's locks on it (POSIX). The values go to it through a pipe, so that no list of processes shows them.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

export interface Needle {
  /** `email`, `ip` or `text`. */
  readonly kind: string
  /** As forms.ts writes them. */
  readonly forms: readonly string[]
  /** Values of others that hold this one, such as `196.25.1.70` for `196.25.1.7`: in the plain form, not a hit. */
  readonly within: readonly string[]
}

export interface Searched {
  readonly path: string
  readonly bytes: number
  /** Hits by the number of the needle; only those that there are. */
  readonly hits: Readonly<Record<number, number>>
}

const CHILD = join(import.meta.dirname, 'search-child.ts')

/** Files that are not there are left out of the answer. */
export async function searchFiles(paths: readonly string[], needles: readonly Needle[]): Promise<readonly Searched[]> {
  const child = spawn(process.execPath, [CHILD], { stdio: ['pipe', 'pipe', 'pipe'] })
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  child.stdin.on('error', () => undefined) // It ended early: its exit code says so.
  child.stdin.end(JSON.stringify({ paths, needles }))
  const [code, said, failure] = await Promise.all([ended, text(child.stdout), text(child.stderr)])
  if (code !== 0) throw new Error(`The search of the files ended with exit code ${code}: ${failure.slice(0, 300)}`)
  return JSON.parse(said) as readonly Searched[]
}
