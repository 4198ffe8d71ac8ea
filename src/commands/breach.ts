import { randomUUID } from 'node:crypto'
import { type Contact, reportOf } from '../compliance/breach/report.ts'
import { type Breach, reveal } from '../compliance/breach/reveal.ts'
import { htmlOf, markdownOf } from '../compliance/breach/write.ts'
import { noteCommandAccess } from '../compliance/command-access.ts'
import { openOwnReaders } from '../compliance/own-readers.ts'
import { streamToFile } from '../compliance/stream-out.ts'
import { type Config, readConfig } from '../config.ts'
import { openFile } from '../database/clients.ts'
import { DOMAINS, type Domain } from '../database/domains.ts'
import { UsageError } from '../errors.ts'
import type { Arguments, Command } from './command.ts'

export const breachCommand: Command = {
  usage: 'breach --file FILE [--from TIME] [--to TIME] [--with-contacts] [--json] [--html FILE]',
  summary: 'Say what a file reveals to whoever took it, whom to tell, and draft the texts for that (POPIA section 22).',
  options: {
    file: { type: 'string', value: 'FILE', help: `which file was taken: ${DOMAINS.join(', ')}` },
    from: { type: 'string', value: 'TIME', help: 'only rows that were written or changed from then on' },
    to: { type: 'string', value: 'TIME', help: 'only rows that were written or changed before' },
    'with-contacts': { type: 'boolean', help: 'add the addresses of the people; leaves a row in the access log' },
    html: { type: 'string', value: 'FILE', help: 'write a page there, with mode 0600' },
  },
  examples: [
    'breach --file billing > breach.md',
    'breach --file identity --from 2026-11-01T00:00:00Z --to 2026-11-08T00:00:00Z --with-contacts --html breach.html',
  ],
  files: (args) => (args.flag('with-contacts') ? 'changes' : 'reads'),
  async run(args) {
    const config = readConfig()
    const domain = domainOf(args)
    const period = { from: timeOf(args, 'from'), to: timeOf(args, 'to') }
    using own = openOwnReaders(config.paths)
    const breach = reveal({ domain, readers: own.readers, now: new Date(), ...period })
    const contacts = args.flag('with-contacts') ? await contactsOf(config, breach) : undefined
    const blocks = reportOf(breach, contacts)
    const html = args.text('html')
    if (html !== undefined) await streamToFile(html, [htmlOf(blocks)])
    if (args.flag('json'))
      process.stdout.write(`${JSON.stringify({ ...breach, ...(contacts && { contacts }), report: blocks })}\n`)
    else if (html === undefined) process.stdout.write(markdownOf(blocks))
    return 0
  },
}

function domainOf(args: Arguments): Domain {
  const name = args.text('file')
  const found = DOMAINS.find((domain) => domain === name)
  if (found) return found
  throw new UsageError(`--file is "${name ?? ''}", expected one of ${DOMAINS.join(', ')}`)
}

function timeOf(args: Arguments, name: 'from' | 'to'): Date | undefined {
  const text = args.text(name)
  if (text === undefined) return undefined
  const time = new Date(text)
  if (!Number.isNaN(time.getTime()) && /^\d{4}-\d\d-\d\d/.test(text)) return time
  throw new UsageError(`--${name} is "${text}", expected a time such as 2026-11-01T00:00:00Z`)
}

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
