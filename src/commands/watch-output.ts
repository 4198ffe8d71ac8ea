// The end of the standard output, for all commands: `| head` reads on no more, a disk is full.

/** A reader that went is none of our business, and the work goes on; what cannot be written is told, exit code 1. */
export function watchOutput(process: Pick<NodeJS.Process, 'stdout' | 'stderr' | 'once' | 'exitCode'>): void {
  let isOver = false
  process.stdout.on('error', ({ code = 'unknown' }: NodeJS.ErrnoException) => {
    if (isOver) return
    isOver = true
    if (code === 'EPIPE') return
    process.stderr.write(`gogga: the output cannot be written: ${code}\n  Nothing after that was printed.\n`)
    process.once('exit', () => {
      process.exitCode = 1
    })
  })
  process.stderr.on('error', () => undefined) // There is nowhere left to tell.
}
