// Erasure of one person among all, until everything of theirs is gone from the three files and their logs; the search of the raw
// bytes that proves it is told apart. The search is a process of its own, and its time is that from its start to its end.
import type { ChildProcess } from 'node:child_process'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { type Eraser, erasePerson } from '../../src/compliance/erasure/erase.ts'
import type { Receipt } from '../../src/compliance/erasure/receipt.ts'
import { readConfig } from '../../src/config.ts'
import { type Context, createContext } from '../../src/context.ts'
import { heldBackups } from '../../src/ops/backup/held.ts'
import type { AuditBenchOptions, AuditBenchResult } from './audit.ts'
import { auditData } from './audit-data.ts'
import { type Figure, spread, verdict } from './measure.ts'

interface Erased {
  /** Without the search. */
  readonly ms: number
  readonly proofMs: number
  readonly receipt: Receipt
}

const SEARCH = 'search-child.ts'

export async function benchErasure({ people, quick, say }: AuditBenchOptions): Promise<AuditBenchResult> {
  using data = auditData(people, say)
  await using context = await createContext(readConfig(data.env, data.dir))
  const usual: Erased[] = []
  for (const id of data.starts.slice(1, quick ? 3 : 8)) {
    say(`erasing a person, ${usual.length + 1} …`)
    usual.push(await erased(context, id))
  }
  say('erasing the person with the most rows …')
  const busiest = await erased(context, data.busiest)
  const found = [...usual, busiest].reduce((sum, { receipt }) => sum + (receipt.proof?.found.length ?? 1), 0)
  const { max } = spread(usual.map(({ ms }) => ms))
  return {
    figures: [...figuresOf('one person', usual), ...figuresOf('the person with the most rows', [busiest])],
    verdicts: [
      verdict('erasure of one person, byte proof apart, the longest: seconds', max / 1_000, 1),
      verdict(`erasure of the person with ${rowsOf(busiest)} rows: seconds`, busiest.ms / 1_000, 1),
      verdict('values of theirs that were found afterwards', found, 0),
    ],
  }
}

async function erased(context: Context, subjectId: string): Promise<Erased> {
  const eraser: Eraser = {
    sagas: context.sagas,
    mailFolder: context.config.mail.folder,
    listBackups: () => heldBackups(context.policies()),
  }
  using search = timedSearch()
  const began = performance.now()
  const asked = { route: 'gogga subject erase', body: { subjectId } }
  const { data } = await erasePerson(eraser, { subjectId, askedBy: 'benchmark' }, asked)
  const proofMs = search.ms()
  return { ms: performance.now() - began - proofMs, proofMs, receipt: data }
}

/** Throws at the end where nothing was searched. */
function timedSearch() {
  let took: number | undefined
  const began = (message: unknown) => {
    const { process: child } = message as { process: ChildProcess }
    const since = performance.now()
    // Its arguments are set right after this.
    child.once('close', () => {
      if (child.spawnargs.some((word) => word.endsWith(SEARCH))) took = performance.now() - since
    })
  }
  subscribe('child_process', began)
  return {
    ms() {
      if (took === undefined) throw new Error('The erasure ended without a search of the bytes')
      return took
    },
    [Symbol.dispose]: () => void unsubscribe('child_process', began),
  }
}

const rowsOf = ({ receipt }: Erased): number => receipt.tables.reduce((sum, { rows }) => sum + rows, 0)

function figuresOf(name: string, some: readonly Erased[]): readonly Figure[] {
  const figure = (what: string, of: (one: Erased) => number): Figure => ({ name: what, ...spread(some.map(of)) })
  return [
    figure(`erasure of ${name}: ms, byte proof apart`, ({ ms }) => ms),
    figure('  ms of the byte proof', ({ proofMs }) => proofMs),
    figure('  MB that it searched', ({ receipt }) => bytesOf(receipt) / 1_000_000),
    figure('  rows that named the person', rowsOf),
  ]
}

const bytesOf = ({ proof }: Receipt): number => proof?.searched.reduce((sum, { bytes }) => sum + bytes, 0) ?? 0
