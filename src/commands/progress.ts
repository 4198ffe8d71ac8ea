// Progress on stderr: a bar on a terminal, elsewhere one line when a phase begins and ends.
import { SingleBar } from 'cli-progress'

export interface Progress {
  update(phase: string, done: number, total: number, what?: string): void
  stop(): void
}

/** `now` in milliseconds, for the elapsed time of a phase. */
export function createProgress(now: () => number, stream: NodeJS.WriteStream = process.stderr): Progress {
  return stream.isTTY ? barProgress(stream) : lineProgress(stream, now)
}

function barProgress(stream: NodeJS.WriteStream): Progress {
  let bar: SingleBar | undefined
  let current = ''
  const stop = () => {
    bar?.stop()
    bar = undefined
  }
  return {
    stop,
    update(phase, done, total, what = '') {
      if (phase !== current || !bar) {
        stop()
        current = phase
        const format = `${phase.padEnd(8)} [{bar}] {percentage}%  {value}/{total}  {what}`
        bar = new SingleBar({ format, stream, hideCursor: true, barsize: 30, fps: 10 })
        bar.start(total, done, { what })
        return
      }
      bar.setTotal(total)
      bar.update(done, { what })
    },
  }
}

function lineProgress(stream: NodeJS.WriteStream, now: () => number): Progress {
  let current = ''
  let began = 0
  let last = 0
  const finish = () => {
    if (current) stream.write(`${current}: done, ${last} in ${((now() - began) / 1000).toFixed(1)} s\n`)
    current = ''
  }
  return {
    stop: finish,
    update(phase, done, total) {
      if (phase !== current) {
        finish()
        current = phase
        began = now()
        stream.write(`${phase}: ${total} to do\n`)
      }
      last = done
    },
  }
}
