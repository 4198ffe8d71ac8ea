// The server under test, as `gogga serve` runs it, in a process that can end itself by SIGKILL at a named place. It loads
// everything first and opens the files when it is told to: so the next one stands ready while this one lives.
import { readConfig } from '../../src/config.ts'
import { type Context, createContext } from '../../src/context.ts'
import { DOMAINS, type Domain } from '../../src/database/domains.ts'
import { serve } from '../../src/main.ts'

export type ToServer =
  | ({ readonly type: 'go' } & Partial<Fatal>)
  | { readonly type: 'fault'; readonly kind: 'full' | 'readonly'; readonly domain: Domain }
  | { readonly type: 'release' }

/** Where the server ends itself: at the n-th time that it comes to a place. */
export interface Fatal {
  readonly place: string
  readonly nth: number
}

export type FromServer =
  | { readonly type: 'loaded' }
  | { readonly type: 'listening'; readonly address: string }
  | { readonly type: 'reached'; readonly place: string }

/** SQLite's own highest page number. */
const NO_LIMIT = 4_294_967_294

const say = (message: FromServer) => void process.send?.(message)
let context: Context | undefined

process.on('message', (message: ToServer) => {
  if (message.type === 'go') void start(message)
  else if (message.type === 'fault') spoil(message.domain, message.kind)
  else for (const domain of DOMAINS) repair(domain)
})
// Nobody is left to be served.
process.on('disconnect', () => process.exit(1))
say({ type: 'loaded' })

async function start({ place, nth = 1 }: Partial<Fatal>): Promise<void> {
  try {
    context = await createContext(readConfig(), { reached: killerAt(place, nth), mailSent: () => {} })
    const server = await serve(context)
    say({ type: 'listening', address: server.address })
    await server.closed
    process.exit(0)
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.stack : error}\n`)
    process.exit(1)
  }
}

function killerAt(fatal: string | undefined, nth: number): (place: string) => void {
  const reached = new Map<string, number>()
  return (place) => {
    const times = (reached.get(place) ?? 0) + 1
    reached.set(place, times)
    if (times === 1) say({ type: 'reached', place })
    // The signal arrives before this call returns: nothing of what follows the place happens any more.
    if (place === fatal && times === nth) process.kill(process.pid, 'SIGKILL')
  }
}

/** `full`: the file may not grow by a page. `readonly`: it may not be written. Both are SQLite's own refusals. */
function spoil(domain: Domain, kind: 'full' | 'readonly'): void {
  const writer = context?.files[domain].connections.writer
  if (!writer?.open) return
  if (kind === 'readonly') writer.pragma('query_only = ON')
  else writer.pragma(`max_page_count = ${writer.pragma('page_count', { simple: true })}`)
}

function repair(domain: Domain): void {
  const writer = context?.files[domain].connections.writer
  if (!writer?.open) return
  writer.pragma('query_only = OFF')
  writer.pragma(`max_page_count = ${NO_LIMIT}`)
}
