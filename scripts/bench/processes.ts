// What processes cost, as Linux tells it in /proc: memory at its peak and processor time, of one and of all that it starts.
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { Worker } from 'node:worker_threads'

export interface ProcessCost {
  /** Of the program, such as `scan-child.ts`. */
  readonly name: string
  /** Bytes, as the kernel counts them (VmHWM). */
  readonly peak: number
  /** User and system; what came after the last look is missing. */
  readonly cpuSeconds: number
}

export interface TreeCost {
  /** The most that all had at one time, in bytes. Pages that they share, such as Node's own code, count for each of them. */
  readonly peak: number
  /** The same with each shared page counted once (PSS); looked at less often, since the kernel takes longer for that. */
  readonly peakShared: number
  /** Largest first. */
  readonly processes: readonly ProcessCost[]
}

export interface Watched {
  readonly pid: number
  /** Without it, only what it starts. */
  readonly itself: boolean
}

export interface Watch extends AsyncDisposable {
  end(): Promise<TreeCost>
}

/** Looks until it is asked for the end, in a thread of its own: looking must not delay the requests of this one. */
export function watchProcesses(watched: Watched): Watch {
  const worker = new Worker(new URL('./process-watch.ts', import.meta.url), { workerData: watched })
  return {
    async end() {
      worker.postMessage('end')
      const [cost] = (await once(worker, 'message')) as [TreeCost]
      return cost
    },
    [Symbol.asyncDispose]: async () => void (await worker.terminate()),
  }
}

const KIB = 1_024
/** Steps that processor time is counted in, on every Linux. */
const STEPS_A_SECOND = 100

/** Without /proc, everything is 0. */
export function lookAtProcesses({ pid, itself }: Watched): ProcessLook {
  const known = new Map<number, ProcessCost>()
  let [peak, peakShared] = [0, 0]
  const pids = () => (itself ? withChildren([pid]) : withChildren(childrenOf(pid)))
  const note = (one: number): number => {
    const [status, before] = [read(one, 'status'), known.get(one)]
    const name = nameOf(one) || before?.name || ''
    const cpuSeconds = Math.max(before?.cpuSeconds ?? 0, cpuOf(one))
    known.set(one, { name, peak: Math.max(before?.peak ?? 0, kib(status, 'VmHWM')), cpuSeconds })
    return kib(status, 'VmRSS')
  }
  return {
    look() {
      peak = Math.max(peak, sum(pids().map(note)))
    },
    lookShared() {
      peakShared = Math.max(peakShared, sum(pids().map((one) => kib(read(one, 'smaps_rollup'), 'Pss'))))
    },
    cost: () => ({ peak, peakShared, processes: [...known.values()].sort((a, b) => b.peak - a.peak) }),
  }
}

export interface ProcessLook {
  look(): void
  lookShared(): void
  cost(): TreeCost
}

/** Bytes; 0 once the process is gone. */
export const highWaterMark = (pid: number | undefined): number =>
  pid === undefined ? 0 : kib(read(pid, 'status'), 'VmHWM')

const withChildren = (pids: readonly number[]): readonly number[] => [
  ...pids,
  ...pids.flatMap((pid) => withChildren(childrenOf(pid))),
]

function childrenOf(pid: number): readonly number[] {
  try {
    const threads = readdirSync(`/proc/${pid}/task`)
    return threads.flatMap((thread) => read(pid, `task/${thread}/children`).split(' ').filter(Boolean).map(Number))
  } catch {
    return [] // It is gone.
  }
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)

const kib = (text: string, field: string): number =>
  KIB * Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? 0)

/** The script that Node runs there. */
const nameOf = (pid: number): string =>
  basename(
    read(pid, 'cmdline')
      .split('\0')
      .find((word) => word.endsWith('.ts')) ?? '',
  )

/** The name in brackets may hold anything; fields 14 and 15 are counted from behind it. */
function cpuOf(pid: number): number {
  const stat = read(pid, 'stat')
  const [user, system] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 13)
  return (Number(user ?? 0) + Number(system ?? 0)) / STEPS_A_SECOND
}

function read(pid: number, what: string): string {
  try {
    return readFileSync(`/proc/${pid}/${what}`, 'utf8')
  } catch {
    return ''
  }
}
