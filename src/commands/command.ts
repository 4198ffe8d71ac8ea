// The shape that all commands share: one table entry, arguments by node:util parseArgs (strict, so that a misspelt
// option is refused), help that ends in examples, `--json` on stdout with everything else on stderr.
import { parseArgs } from 'node:util'
import { GoggaError, UsageError } from '../errors.ts'

export interface Option {
  readonly type: 'string' | 'boolean'
  readonly help: string
  /** Name of the value in the help, such as DIR. */
  readonly value?: string
  readonly default?: string
  readonly multiple?: boolean
}

export interface Arguments {
  readonly positionals: readonly string[]
  text(name: string): string | undefined
  list(name: string): readonly string[]
  flag(name: string): boolean
}

/** What a command does with the three files of the configuration. `itself`: it looks after restores that were cut off itself. */
export type FileUse = 'none' | 'reads' | 'changes' | 'itself'

export interface Command {
  /** Without `gogga`: `split LEGACY.db --into DIR`. */
  readonly usage: string
  readonly summary: string
  readonly options?: Readonly<Record<string, Option>>
  readonly positionals?: { readonly least: number; readonly most: number }
  readonly examples: readonly string[]
  /** `changes` also where it only makes them; with --dry-run such a command reads. */
  readonly files: FileUse | ((args: Arguments) => FileUse)
  /** Gives the exit code: 0 done, 1 the answer is no. Errors of the family bring their own. */
  run(args: Arguments): Promise<0 | 1>
}

const COMMON: Readonly<Record<string, Option>> = {
  json: { type: 'boolean', help: 'print the result as JSON on stdout' },
  help: { type: 'boolean', help: 'show this help' },
}

/** Parses, runs, and turns errors into one clear message and an exit code. */
export async function runCommand(command: Command, argv: readonly string[]): Promise<0 | 1 | 2> {
  try {
    const args = readArguments(command, argv)
    if (args.flag('help')) {
      process.stdout.write(helpOf(command))
      return 0
    }
    await settleRestores(command, args)
    return await command.run(args)
  } catch (error) {
    return reportError(error)
  }
}

/** The one place before a command opens or makes a file. Loaded on use: most commands have no need for it. */
async function settleRestores({ files }: Command, args: Arguments): Promise<void> {
  const use = typeof files === 'string' ? files : files(args)
  if (use === 'none' || use === 'itself') return
  const [{ readConfig }, { endRestores, tellRestores }] = await Promise.all([
    import('../config.ts'),
    import('./cut-off-restores.ts'),
  ])
  const { paths } = readConfig()
  if (use === 'changes' && !args.flag('dry-run')) endRestores(paths)
  else tellRestores(paths)
}

export function reportError(error: unknown): 1 | 2 {
  if (error instanceof GoggaError) {
    process.stderr.write(`gogga: ${error.message}\n`)
    for (const { at, message } of error.errors) process.stderr.write(`  ${at}: ${message}\n`)
    if (error.hint) process.stderr.write(`  ${error.hint}\n`)
    return error.exitCode
  }
  process.stderr.write(
    `gogga: unexpected failure: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  )
  return 1
}

function readArguments(command: Command, argv: readonly string[]): Arguments {
  const options = { ...command.options, ...COMMON }
  const { values, positionals } = parse(command, argv, options)
  if (!values.help) checkPositionals(command, positionals)
  const list = (name: string) => [values[name] ?? options[name]?.default ?? []].flat().map(String)
  return { positionals, list, text: (name) => list(name)[0], flag: (name) => values[name] === true }
}

function parse(command: Command, argv: readonly string[], options: Readonly<Record<string, Option>>) {
  const shapes = Object.fromEntries(
    Object.entries(options).map(([name, { type, multiple }]) => [name, { type, multiple: multiple ?? false }]),
  )
  try {
    return parseArgs({ args: [...argv], options: shapes, allowPositionals: true, strict: true })
  } catch (cause) {
    const reason = (cause as Error).message.split('. ')[0]
    throw new UsageError(`${reason}`, { cause, hint: `See "gogga ${verbOf(command)} --help".` })
  }
}

function checkPositionals(command: Command, positionals: readonly string[]): void {
  const { least, most } = command.positionals ?? { least: 0, most: 0 }
  if (positionals.length >= least && positionals.length <= most) return
  const expected = least === most ? `${least}` : `${least} to ${most}`
  throw new UsageError(`Expected ${expected} argument(s) after "${verbOf(command)}", got ${positionals.length}.`, {
    hint: `Usage: gogga ${command.usage}`,
  })
}

const verbOf = (command: Command): string => command.usage.split(/ (?=[-[A-Z(])/)[0] ?? command.usage

export function helpOf(command: Command): string {
  const options = Object.entries({ ...command.options, ...COMMON })
  const heads = options.map(([name, { value, type }]) => `--${name}${type === 'string' ? ` ${value ?? 'VALUE'}` : ''}`)
  const width = Math.max(...heads.map((head) => head.length))
  const lines = options.map(([, option], index) => {
    const preset = option.default === undefined ? '' : ` (default: ${option.default})`
    return `  ${(heads[index] ?? '').padEnd(width)}  ${option.help}${preset}`
  })
  const examples = command.examples.map((example) => `  $ npx gogga ${example}`)
  return `${command.summary}\n\nUsage: gogga ${command.usage}\n\nOptions:\n${lines.join('\n')}\n\nExamples:\n${examples.join('\n')}\n`
}
