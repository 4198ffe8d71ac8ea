// Erasure of one person among all, until everything of theirs is gone from the three files and their logs and the receipt is
// written; the proof by the raw bytes is told apart: to learn who else has the values, which decides what is searched for, and the
// search, from when the last log was emptied until the backups that still hold the person are asked for.
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { type Eraser, erasePerson, placesIn } from '../../src/compliance/erasure/erase.ts'
import type { Receipt } from '../../src/compliance/erasure/receipt.ts'
import { readConfig } from '../../src/config.ts'
import { type Context, createContext } from '../../src/context.ts'
import type { Files, OpenFile } from '../../src/database/clients.ts'
import { heldBackups } from '../../src/ops/backup/held.ts'
import type { Sagas } from '../../src/saga/sagas.ts'
import type { AuditBenchOptions, AuditBenchResult } from './audit.ts'
import { auditData } from './audit-data.ts'
import { type Figure, spread, verdict } from './measure.ts'

interface Erased {
  /** Without the proof. */
  readonly ms: number
  readonly proofMs: number
  /** Part of it: who else has the values, read from identity.db. */
  readonly knownMs: number
  /** The longest that nothing else could go on in this process, proof included. */
  readonly heldMs: number
  readonly receipt: Receipt
}

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
  let [clearedAt, askedAt] = [Number.NaN, Number.NaN]
  // The last file has followed; what to search for is known, and mails and unassigned rows are gone.
  const moments: number[] = []
  const eraser: Eraser = {
    sagas: telling(context.sagas, {
      asked: () => void moments.push(performance.now()),
      cleared() {
        clearedAt = performance.now()
      },
    }),
    ...placesIn(context.config),
    listBackups() {
      askedAt = performance.now()
      return heldBackups(context.policies())
    },
  }
  const delay = monitorEventLoopDelay({ resolution: 5 })
  delay.enable()
  const began = performance.now()
  const asked = { route: 'gogga subject erase', body: { subjectId } }
  const { data } = await erasePerson(eraser, { subjectId, askedBy: 'benchmark' }, asked)
  const [whole, searchMs] = [performance.now() - began, askedAt - clearedAt]
  const [followedAt = Number.NaN, knownAt = Number.NaN] = moments
  delay.disable()
  const proofMs = searchMs + knownAt - followedAt
  return { ms: whole - proofMs, proofMs, knownMs: knownAt - followedAt, heldMs: delay.max / 1_000_000, receipt: data }
}

/** The same, which tells each time that the time was asked for, and that a log was emptied. */
function telling(sagas: Sagas, { asked, cleared }: { asked: () => void; cleared: () => void }): Sagas {
  const told = <File extends OpenFile>(file: File): File => ({
    ...file,
    async checkpoint() {
      await file.checkpoint()
      cleared()
    },
  })
  const { identity, billing, admin } = sagas.files
  const files: Files = { identity: told(identity), billing: told(billing), admin: told(admin) }
  const now = () => {
    asked()
    return sagas.now()
  }
  return { ...sagas, files, now }
}

const rowsOf = ({ receipt }: Erased): number => receipt.tables.reduce((sum, { rows }) => sum + rows, 0)

function figuresOf(name: string, some: readonly Erased[]): readonly Figure[] {
  const figure = (what: string, of: (one: Erased) => number): Figure => ({ name: what, ...spread(some.map(of)) })
  return [
    figure(`erasure of ${name}: ms, byte proof apart`, ({ ms }) => ms),
    figure('  longest that it held its process (ms)', ({ heldMs }) => heldMs),
    figure('  ms of the byte proof', ({ proofMs }) => proofMs),
    figure('    of these to learn who else has the values', ({ knownMs }) => knownMs),
    figure('  MB that it searched', ({ receipt }) => bytesOf(receipt) / 1_000_000),
    figure('  rows that named the person', rowsOf),
  ]
}

const bytesOf = ({ proof }: Receipt): number => proof?.searched.reduce((sum, { bytes }) => sum + bytes, 0) ?? 0
