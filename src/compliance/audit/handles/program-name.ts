// What a process is called in a report: its program, and the script where the program is an interpreter. Nothing else of its
// command line, which may hold anything: addresses, passwords, words of people.
import { basename } from 'node:path'
import { shown } from '../values/tally.ts'

const INTERPRETER = /^(node|nodejs|bun|deno|python[\d.]*|ruby|perl|php|bash|dash|sh|zsh)$/
/** Then the next word is code, or a name in a language: no file. */
const TAKES_CODE = /^(-\w*[cepmE]|--eval|--print)(=|$)/
const SCRIPT = /\/|\.([cm]?[jt]s|py|rb|pl|php|sh)$/
const NAME = /^[\w.@+-]{1,60}$/

/** `words`: of /proc/PID/cmdline. `thread`: what the system calls its first thread, where there is nothing better. */
export function programName(words: readonly string[], thread: string): string {
  // A program may write over its words: `postgres: thandi shop`, `node (vitest 1)`.
  const [first = ''] = (words[0] ?? '').replace(/^-/, '').split(/:?(?:\s|$)/)
  const program = nameIn(first)
  if (program === undefined) return shown(thread)
  const script = INTERPRETER.test(program) ? scriptIn(words.slice(1)) : undefined
  return script === undefined ? program : `${program} ${script}`
}

function scriptIn(words: readonly string[]): string | undefined {
  const at = words.findIndex((word) => !word.startsWith('-'))
  const word = words[at]
  if (word === undefined || !SCRIPT.test(word) || words.slice(0, at).some((flag) => TAKES_CODE.test(flag)))
    return undefined
  return nameIn(word)
}

function nameIn(path: string): string | undefined {
  const name = basename(path)
  return NAME.test(name) && shown(name) === name ? name : undefined
}
