// Child processes of the scripts: quiet ones that show a line of progress, attached ones that own the terminal.
import { spawn } from 'node:child_process'
import { constants } from 'node:os'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP']

/** Runs a command and keeps its output. Answers `{ code, output }`; a command that cannot be started has code 127. */
export function runCaptured(command, args, options = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
    const stopListening = onSignals((signal) => {
      child.kill(signal)
      // `exit` handlers run, among them the one that gives the lock back.
      process.exit(128 + constants.signals[signal])
    })
    const chunks = []
    const finish = (code) => {
      stopListening()
      resolve({ code, output: Buffer.concat(chunks).toString('utf8') })
    }
    child.stdout.on('data', (chunk) => chunks.push(chunk))
    child.stderr.on('data', (chunk) => chunks.push(chunk))
    child.on('error', (error) => {
      chunks.push(Buffer.from(`${error.message}\n`))
      finish(127)
    })
    child.on('close', (code) => finish(code ?? 1))
  })
}

/**
 * Runs a command on this process's own terminal, passes signals on and answers `{ code, signal }`.
 * Ctrl-C on a terminal reaches the child by itself, and a second SIGINT means "now" to many programs: not sent twice.
 */
export function runAttached(command, args, options = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { ...options, stdio: 'inherit' })
    const stopListening = onSignals((signal) => {
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal)
    })
    const finish = (result) => {
      stopListening()
      resolve(result)
    }
    child.on('error', (error) => {
      console.error(`Could not start ${command}: ${error.message}`)
      finish({ code: 127, signal: null })
    })
    child.on('close', (code, signal) => finish({ code: code ?? 1, signal }))
  })
}

/** Ends this process the way the child ended: the same exit code, or the same signal. */
export function exitLike({ code, signal }) {
  if (!signal) process.exit(code)
  process.exitCode = 128 + constants.signals[signal]
  process.kill(process.pid, signal)
}

/** Shows `title … 12 s` on one line of stderr while `work` runs. stdout stays the command's own. */
export async function withProgress(title, work, stream = process.stderr) {
  const started = Date.now()
  const seconds = (digits) => ((Date.now() - started) / 1000).toFixed(digits)
  stream.write(`${title} … `)
  const tick = stream.isTTY ? setInterval(() => stream.write(`\r${title} … ${seconds(0)} s`), 1_000) : undefined
  try {
    return await work()
  } finally {
    clearInterval(tick)
    stream.write(stream.isTTY ? `\r${title} … ${seconds(1)} s\n` : `${seconds(1)} s\n`)
  }
}

function onSignals(listener) {
  for (const signal of SIGNALS) process.on(signal, listener)
  return () => {
    for (const signal of SIGNALS) process.off(signal, listener)
  }
}
