// Messages that were not delivered. It works on the files themselves, also while a server runs: whichever process delivers
// a message, its mark in the target keeps it from taking effect twice.
import { readConfig } from '../config.ts'
import { createContext } from '../context.ts'
import { DOMAINS, type Domain } from '../database/domains.ts'
import { UsageError } from '../errors.ts'
import {
  dropMessage,
  listOutbox,
  outboxFigures,
  previewMessage,
  type Retried,
  retryMessage,
  type Undelivered,
} from '../saga/dead-letters.ts'
import type { Asked } from '../saga/requests.ts'
import type { Sagas } from '../saga/sagas.ts'
import type { Arguments, Command } from './command.ts'

const MAX_LIMIT = 10_000
const NONE = 'Nothing waits.'
const DRY_RUN: NonNullable<Command['options']> = {
  'dry-run': { type: 'boolean', help: 'say what the message is and whether that could be done; change nothing' },
}

export const listCommand: Command = {
  usage: 'outbox list [--origin DOMAIN] [--dead] [--limit N] [--json]',
  summary: 'List messages that were not delivered, oldest first, and what keeps them.',
  options: {
    origin: { type: 'string', value: 'DOMAIN', help: `only messages that began in this file: ${DOMAINS.join(', ')}` },
    dead: { type: 'boolean', help: 'only messages that nobody tries any more' },
    limit: { type: 'string', value: 'N', default: '50', help: 'messages of each file' },
  },
  examples: ['outbox list', 'outbox list --dead --json', 'outbox list --origin admin --limit 10'],
  files: 'changes',
  async run(args) {
    const filter = { origin: readOrigin(args), dead: args.flag('dead') ? true : undefined, limit: readLimit(args) }
    await using context = await createContext(readConfig())
    const [data, figures] = [listOutbox(context.files, filter), outboxFigures(context.files)]
    if (args.flag('json')) print({ data, figures })
    else
      process.stdout.write(
        `${[...data.map(lineOf), ...(data.length === 0 ? [NONE] : [])].join('\n')}\n${totals(figures)}`,
      )
    return 0
  },
}

export const retryCommand: Command = {
  usage: 'outbox retry ID [--dry-run] [--json]',
  summary: 'Try a message again, at once; exit code 1 where that did not settle it.',
  positionals: { least: 1, most: 1 },
  options: DRY_RUN,
  examples: ['outbox retry user-created:cmb2x9k4d0001', 'outbox retry user-created:cmb2x9k4d0001 --json'],
  files: 'changes',
  async run(args) {
    await using context = await createContext(readConfig())
    if (args.flag('dry-run')) return preview(context.sagas, 'retry', args)
    const { data: message } = await retryMessage(context.sagas, idOf(args), askedFor('retry', args))
    if (args.flag('json')) print(message)
    else process.stdout.write(`${wordsOf(message)}\n`)
    return message.outcome === 'settled' ? 0 : 1
  },
}

export const dropCommand: Command = {
  usage: 'outbox drop ID [--dry-run] [--json]',
  summary: 'Give a dead message up: its effect never comes, and what it was to carry on is taken back.',
  positionals: { least: 1, most: 1 },
  options: DRY_RUN,
  examples: ['outbox drop user-created:cmb2x9k4d0001', 'outbox drop user-created:cmb2x9k4d0001 --dry-run'],
  files: 'changes',
  async run(args) {
    await using context = await createContext(readConfig())
    if (args.flag('dry-run')) return preview(context.sagas, 'drop', args)
    const { data: message } = await dropMessage(context.sagas, idOf(args), 'command', askedFor('drop', args))
    if (args.flag('json')) print(message)
    else process.stdout.write(`dropped ${message.id}\n`)
    return 0
  },
}

function preview(sagas: Sagas, step: 'retry' | 'drop', args: Arguments): 0 {
  const message = previewMessage(sagas, idOf(args), step)
  if (args.flag('json')) print({ ...message, dryRun: true })
  else process.stdout.write(`would ${step} ${lineOf(message)}\n`)
  return 0
}

const askedFor = (step: string, args: Arguments): Asked => ({ route: `gogga outbox ${step}`, body: { id: idOf(args) } })

const print = (value: unknown): void => void process.stdout.write(`${JSON.stringify(value)}\n`)

const idOf = ({ positionals: [id = ''] }: Arguments): string => id

function lineOf({ id, origin, target, attempts, createdAt, deadAt, reason }: Undelivered): string {
  const state = deadAt ? 'dead' : 'waiting'
  const tries = `${attempts} ${attempts === 1 ? 'attempt' : 'attempts'}`
  return [id, `${origin} to ${target}`, createdAt.toISOString(), state, tries, reason].filter(Boolean).join('  ')
}

function totals(figures: ReturnType<typeof outboxFigures>): string {
  return DOMAINS.map((domain) => `${domain}: ${figures[domain].waiting} waiting, ${figures[domain].dead} dead\n`).join(
    '',
  )
}

function wordsOf({ id, outcome, reason }: Retried): string {
  if (outcome === 'settled') return `settled ${id}`
  return [`${outcome} ${id}`, reason].filter(Boolean).join(': ')
}

function readOrigin(args: Arguments): Domain | undefined {
  const text = args.text('origin')
  const domain = DOMAINS.find((candidate) => candidate === text)
  if (text === undefined || domain) return domain
  throw new UsageError(`--origin expects one of ${DOMAINS.join(', ')}, got "${text}".`)
}

function readLimit(args: Arguments): number {
  const text = args.text('limit') ?? ''
  const limit = Number(text)
  if (/^\d+$/.test(text) && limit >= 1 && limit <= MAX_LIMIT) return limit
  throw new UsageError(`--limit expects a whole number from 1 to ${MAX_LIMIT}, got "${text}".`)
}
