import { text } from 'node:stream/consumers'
import { personIn } from '../compliance/export/export.ts'
import { readConfig } from '../config.ts'
import { openReader } from '../database/connections.ts'
import { UsageError } from '../errors.ts'
import { type AccessEntry, findAccesses } from '../identity/access-history.ts'
import { type AccessSummary, summarizeAccesses } from '../identity/access-summary.ts'
import { checkPurposes, PURPOSE_IDS } from '../identity/purposes.ts'
import type { Arguments, Command } from './command.ts'

const MAX_LIMIT = 10_000
const EXAMPLE = '2026-11-01, or a time in RFC 3339'

export const accessLogCommand: Command = {
  usage:
    'access-log [--subject ID|EMAIL|-] [--from TIME] [--to TIME] [--key ID] [--purpose PURPOSE] [--limit N] [--after CURSOR] [--summary] [--json]',
  summary: 'Tell who saw what of whom, when, and why, newest first (POPIA sections 17 and 23).',
  options: {
    subject: {
      type: 'string',
      value: 'ID|EMAIL|-',
      help: 'only answers that showed this person; "-" reads id or email from the standard input, so that no shell keeps it',
    },
    from: { type: 'string', value: 'TIME', help: `from this time on: ${EXAMPLE}` },
    to: { type: 'string', value: 'TIME', help: 'before this time' },
    key: { type: 'string', value: 'ID', help: 'only by this API key: its id' },
    purpose: { type: 'string', value: 'PURPOSE', help: `only for this one: ${PURPOSE_IDS.join(', ')}, or none` },
    limit: { type: 'string', value: 'N', default: '50', help: `readings, at most ${MAX_LIMIT}` },
    after: {
      type: 'string',
      value: 'CURSOR',
      help: 'go on behind the last reading of an answer, with the same filter',
    },
    summary: { type: 'boolean', help: 'count readings and people by month, key and purpose instead' },
  },
  examples: [
    'access-log --subject cmb2x9k4d0001',
    'access-log --subject - < address.txt',
    'access-log --from 2026-11-01 --to 2026-12-01 --summary',
    'access-log --purpose fraud-prevention --json',
  ],
  files: 'reads',
  async run(args) {
    const [from, to] = [readTime(args, 'from'), readTime(args, 'to')]
    const [purpose, limit] = [readPurpose(args), readLimit(args)]
    const [apiKeyId, after] = [args.text('key'), args.text('after')]
    if (args.flag('summary') && (args.text('subject') ?? apiKeyId ?? purpose ?? after) !== undefined)
      throw new UsageError('--summary takes no other filter than --from and --to.')
    const subject = await wordOf(args.text('subject'))
    const reader = openReader('identity', readConfig().paths.identity)
    try {
      if (args.flag('summary')) printSummary(args, summarizeAccesses(reader, { from, to }))
      else {
        const subjectIds = subject?.includes('@')
          ? personIn({ identity: reader }, subject).ids
          : subject === undefined
            ? undefined
            : [subject]
        const found = await findAccesses(reader, { subjectIds, from, to, apiKeyId, purpose }, { limit, after })
        if (found.data.length === 0 && subject) personIn({ identity: reader }, subject) // Throws for nobody that there is.
        printEntries(args, found)
      }
      return 0
    } finally {
      reader.close()
    }
  },
}

/** The same persons and words as `gogga subject export` takes. */
async function wordOf(given: string | undefined): Promise<string | undefined> {
  if (given === undefined) return undefined
  const word = (given === '-' ? await text(process.stdin) : given).trim()
  if (word !== '') return word
  throw new UsageError('--subject expects a subject id or an email, got nothing.')
}

function printEntries(args: Arguments, { data, next }: Awaited<ReturnType<typeof findAccesses>>): void {
  if (args.flag('json')) return void process.stdout.write(`${JSON.stringify({ data, more: next !== null, next })}\n`)
  const end = next === null ? [] : [`There are more: ask with a greater --limit, or the same with --after ${next}`]
  print([...data.map(lineOf), ...(data.length === 0 ? ['Nobody read anything of that.'] : []), ...end])
}

function printSummary(args: Arguments, summary: readonly AccessSummary[]): void {
  if (args.flag('json')) return void process.stdout.write(`${JSON.stringify(summary)}\n`)
  const lines = summary.map(({ month, purpose, readings, people, most, ...key }) =>
    [month, whoOf(key), purpose ?? 'no purpose', `${readings} readings`, `${people} people, ${most} at most`].join(
      '  ',
    ),
  )
  print(lines.length > 0 ? lines : ['Nobody read anything in that time.'])
}

const print = (lines: readonly string[]) => process.stdout.write(lines.map((line) => `${line}\n`).join(''))

function lineOf({ createdAt, purpose, route, fields, subjects, ...key }: AccessEntry): string {
  const [first, ...others] = subjects
  const whose =
    first === undefined ? 'of nobody' : `of ${first}${others.length > 0 ? ` and ${others.length} more` : ''}`
  return [createdAt, whoOf(key), purpose ?? 'no purpose', route, fields.join(','), whose].join('  ')
}

type Who = Pick<AccessEntry, 'apiKeyId' | 'apiKeyName'> & Partial<Pick<AccessEntry, 'actorId' | 'osUser'>>

function whoOf({ apiKeyId, apiKeyName, actorId, osUser }: Who): string {
  const key = apiKeyName === null ? apiKeyId : `${apiKeyId} (${apiKeyName})`
  return `${key}${actorId ? ` for ${actorId}` : ''}${osUser ? ` by user ${osUser}` : ''}`
}

const DAY = /^\d{4}-\d\d-\d\d$/
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/

/** A day is its beginning in UTC. */
function readTime(args: Arguments, name: 'from' | 'to'): Date | undefined {
  const text = args.text(name)
  if (text === undefined) return undefined
  const time = new Date(DAY.test(text) ? `${text}T00:00:00Z` : text)
  if ((DAY.test(text) || TIME.test(text)) && !Number.isNaN(time.getTime())) return time
  throw new UsageError(`--${name} expects ${EXAMPLE}.`)
}

function readPurpose(args: Arguments): string | undefined {
  const purpose = args.text('purpose')
  return purpose === undefined || purpose === 'none' ? purpose : checkPurposes([purpose])[0]
}

function readLimit(args: Arguments): number {
  const limit = Number(args.text('limit'))
  if (Number.isInteger(limit) && limit >= 1 && limit <= MAX_LIMIT) return limit
  throw new UsageError(`--limit expects a whole number from 1 to ${MAX_LIMIT}.`)
}
