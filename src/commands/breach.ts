import { randomUUID } from 'node:crypto'
import type { Period } from '../compliance/breach/period.ts'
import { type Contact, reportOf } from '../compliance/breach/report.ts'
import { type Breach, reveal } from '../compliance/breach/reveal.ts'
import { htmlParts, markdownParts } from '../compliance/breach/write.ts'
import { noteCommandAccess } from '../compliance/command-access.ts'
import { streamTo, streamToFile } from '../compliance/stream-out.ts'
import { type Config, readConfig } from '../config.ts'
import { openFile } from '../database/clients.ts'
import { type Connection, openReader } from '../database/connections.ts'
import { DOMAINS, type Domain } from '../database/domains.ts'
import { FileError, UsageError } from '../errors.ts'
import { keepNurserySmall } from '../transfer/nursery.ts'
import type { Arguments, Command } from './command.ts'
import { createProgress } from './progress.ts'

export const breachCommand: Command = {
  usage: 'breach --file FILE [--from TIME] [--to TIME] [--with-contacts] [--json] [--html FILE]',
  summary: 'Say what a file reveals to whoever took it, whom to tell, and draft the texts for that (POPIA section 22).',
  options: {
    file: { type: 'string', value: 'FILE', help: `which file was taken: ${DOMAINS.join(', ')}` },
    from: {
      type: 'string',
      value: 'TIME',
      help: 'since when somebody could reach the file; what was written or changed since is counted beside the whole',
    },
    to: {
      type: 'string',
      value: 'TIME',
      help: 'until when; whoever took the file by then holds all rows that were written before, however old (default: now)',
    },
    'with-contacts': { type: 'boolean', help: 'add the addresses of the people; leaves a row in the access log' },
    html: { type: 'string', value: 'FILE', help: 'write a page there, with mode 0600' },
  },
  examples: [
    'breach --file billing > breach.md',
    'breach --file identity --from 2026-11-01T00:00:00Z --to 2026-11-08T00:00:00Z --with-contacts --html breach.html',
  ],
  files: (args) => (args.flag('with-contacts') ? 'changes' : 'reads'),
  async run(args) {
    keepNurserySmall()
    const [config, now] = [readConfig(), new Date()]
    const domain = domainOf(args)
    const period = periodOf(args, now)
    const breach = await revealed(config.paths, domain, period, now)
    const contacts = args.flag('with-contacts') ? await contactsOf(config, breach) : undefined
    const blocks = reportOf(breach, contacts)
    const html = args.text('html')
    if (html !== undefined) await streamToFile(html, htmlParts(blocks))
    if (args.flag('json')) await streamTo(process.stdout, jsonParts({ ...breach, contacts, report: blocks }))
    else if (html === undefined) await streamTo(process.stdout, markdownParts(blocks))
    return 0
  },
}

const UNITS = { bytes: 'bytes', values: 'rows' }
const CACHE = { cacheMb: 8 }

async function revealed(paths: Config['paths'], domain: Domain, period: Period, now: Date): Promise<Breach> {
  using opened = new DisposableStack()
  const open = (one: Domain) => opened.adopt(openReader(one, paths[one], CACHE), (reader) => reader.close())
  const reader = open(domain)
  const identity = domain === 'identity' ? reader : readable(() => open('identity'))
  const progress = createProgress({ now: () => performance.now(), units: UNITS })
  try {
    const onProgress = (phase: string, done: number, total: number, what: string) =>
      progress.update(phase, done, total || done, what)
    return await reveal({ domain, paths, reader, identity, now, ...period, onProgress })
  } finally {
    progress.stop()
  }
}

/** The pack says that nothing could be compared. */
function readable(open: () => Connection): Connection | undefined {
  try {
    return open()
  } catch (error) {
    if (!(error instanceof FileError)) throw error
    process.stderr.write(`gogga: identity.db could not be read, so nothing is compared with it: ${error.message}\n`)
    return undefined
  }
}

/** One key at a time: the ids of a million people are in it more than once. */
function* jsonParts(whole: Readonly<Record<string, unknown>>): Generator<string> {
  let sign = '{'
  for (const [key, value] of Object.entries(whole)) {
    if (value === undefined) continue
    yield `${sign}${JSON.stringify(key)}:${JSON.stringify(value)}`
    sign = ','
  }
  yield '}\n'
}

function domainOf(args: Arguments): Domain {
  const name = args.text('file')
  const found = DOMAINS.find((domain) => domain === name)
  if (found) return found
  throw new UsageError(`--file is "${name ?? ''}", expected one of ${DOMAINS.join(', ')}`)
}

function periodOf(args: Arguments, now: Date): Period {
  const [from, to] = [timeOf(args, 'from', now), timeOf(args, 'to', now)]
  if (from && to && from > to)
    throw new UsageError(`--from ${from.toISOString()} is after --to ${to.toISOString()}`, {
      hint: 'Name first since when somebody could reach the file, then until when; a date alone begins at midnight UTC.',
    })
  return { from, to }
}

function timeOf(args: Arguments, name: 'from' | 'to', now: Date): Date | undefined {
  const text = args.text(name)
  if (text === undefined) return undefined
  const time = new Date(text)
  if (Number.isNaN(time.getTime()) || !TIME.test(text))
    throw new UsageError(`--${name} is "${text}", expected a time in UTC such as 2026-11-01T00:00:00Z`)
  if (time <= now) return time
  throw new UsageError(`--${name} ${time.toISOString()} is in the future: it is ${now.toISOString()}`, {
    hint: 'Leave --to out where it is not over: then it is about everything until now.',
  })
}

/** A date, or a time that says its zone. */
const TIME = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d))?$/

/** So many people in a row of the access log. */
const PORTION = 10_000

async function contactsOf({ paths, ...config }: Config, { people }: Breach): Promise<readonly Contact[]> {
  await using identity = await openFile('identity', paths.identity, config)
  const sources = { now: () => new Date(), newId: randomUUID }
  const access = {
    command: 'gogga breach',
    fields: ['users.email', 'contacts.email'],
    purpose: 'security-incident',
  } as const
  await identity.change((tx) => {
    for (let at = 0; at < people.ids.length; at += PORTION)
      noteCommandAccess(tx, { ...access, subjects: people.ids.slice(at, at + PORTION) }, sources)
  })
  return identity.rows.all<Contact>(
    `select k.value as id, coalesce(u.email, c.email) as email from json_each(?) k
       left join "User" u on u.id = k.value left join "Contact" c on c.id = k.value`,
    JSON.stringify(people.ids),
  )
}
