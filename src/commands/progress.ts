// Progress on stderr: a bar on a terminal, elsewhere one line when a phase begins and ends.
import { SingleBar } from 'cli-progress'

export interface Progress {
  update(phase: string, done: number, total: number, what?: string): void
  stop(): void
}

export interface ProgressOptions {
  /** Milliseconds, for the elapsed time of a phase. */
  readonly now: () => number
  /** What a phase counts, such as `rows`; `bytes` are shown in MiB, and of a phase without a unit no numbers. */
  readonly units: Readonly<Record<string, string>>
  readonly stream?: NodeJS.WriteStream
}

export function createProgress({ now, units, stream = process.stderr }: ProgressOptions): Progress {
  const amount = (phase: string, count: number) => {
    const unit = units[phase]
    if (unit === 'bytes') return `${(count / 1_048_576).toFixed(1)} MiB`
    return unit ? `${count} ${unit}` : ''
  }
  return stream.isTTY ? barProgress(stream, amount) : lineProgress(stream, now, amount)
}

type Amount = (phase: string, count: number) => string

function barProgress(stream: NodeJS.WriteStream, amount: Amount): Progress {
  let bar: SingleBar | undefined
  let current = ''
  const stop = () => {
    bar?.stop()
    bar = undefined
  }
  const words = (done: number, total: number, what: string) => {
    return { amount: [amount(current, done), amount(current, total)].filter(Boolean).join(' of '), what }
  }
  return {
    stop,
    update(phase, done, total, what = '') {
      if (phase !== current || !bar) {
        stop()
        current = phase
        const format = `${phase.padEnd(8)} [{bar}] {percentage}%  {amount}  {what}`
        bar = new SingleBar({ format, stream, hideCursor: true, barsize: 30, fps: 10 })
        bar.start(total, done, words(done, total, what))
        return
      }
      bar.setTotal(total)
      bar.update(done, words(done, total, what))
    },
  }
}

function lineProgress(stream: NodeJS.WriteStream, now: () => number, amount: Amount): Progress {
  const amountOf = (phase: string, count: number) => {
    const text = count > 0 ? amount(phase, count) : '' // Of what is not counted nothing is said.
    return text ? `, ${text}` : ''
  }
  let current = ''
  let began = 0
  let last = 0
  const finish = () => {
    if (current)
      stream.write(`${current}: done${amountOf(current, last)} in ${((now() - began) / 1000).toFixed(1)} s\n`)
    current = ''
  }
  return {
    stop: finish,
    update(phase, done, total) {
      if (phase !== current) {
        finish()
        current = phase
        began = now()
        stream.write(`${phase}${amountOf(phase, total)}\n`)
      }
      last = done
    },
  }
}
