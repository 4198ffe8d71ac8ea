import { randomUUID } from 'node:crypto'
import { text } from 'node:stream/consumers'
import { noteCommandAccess } from '../compliance/command-access.ts'
import { placesIn } from '../compliance/erasure/erase.ts'
import { exportPerson, personIn } from '../compliance/export/export.ts'
import { htmlOf } from '../compliance/export/html.ts'
import { jsonOf } from '../compliance/export/json.ts'
import { pdfOf } from '../compliance/export/pdf.ts'
import { outsideOf } from '../compliance/export/recipients.ts'
import { openOwnReaders } from '../compliance/own-readers.ts'
import { streamTo, streamToFile } from '../compliance/stream-out.ts'
import { readConfig } from '../config.ts'
import { openFile } from '../database/clients.ts'
import { UsageError } from '../errors.ts'
import { outsideStores } from '../ops/backup/outside.ts'
import { readPolicies } from '../ops/backup/policy.ts'
import type { Arguments, Command } from './command.ts'
import { osUser } from './os-user.ts'

const VERB = 'gogga subject export'

export const subjectExportCommand: Command = {
  usage: 'subject export ID|EMAIL|- [--json] [--out FILE] [--html FILE] [--pdf FILE]',
  summary: 'Give a person everything that is held about them, out of all three files (POPIA section 23).',
  positionals: { least: 1, most: 1 },
  options: {
    out: { type: 'string', value: 'FILE', help: 'write JSON there instead of the standard output, with mode 0600' },
    html: { type: 'string', value: 'FILE', help: 'write a page to read and print, with mode 0600' },
    pdf: { type: 'string', value: 'FILE', help: 'write a PDF, with mode 0600' },
  },
  examples: [
    'subject export u_8f2 --pdf answer.pdf --out answer.json',
    `subject export - < address.txt > answer.json # the email stays out of the shell's history`,
  ],
  files: 'changes',
  async run(args) {
    const config = readConfig()
    const word = await wordOf(args.positionals[0] ?? '')
    using own = openOwnReaders(config.paths)
    const { readers } = own
    const person = personIn(readers, word)
    const now = new Date()
    {
      await using identity = await openFile('identity', config.paths.identity, config)
      const access = {
        command: VERB,
        fields: ['*'],
        subjects: person.ids,
        purpose: 'access-request',
        osUser: osUser(),
      } as const
      await identity.change((tx) => noteCommandAccess(tx, access, { now: () => now, newId: randomUUID }))
    }
    const policies = readPolicies({ file: config.backupPolicy, dataDir: config.dataDir })
    const outside = outsideOf(config, outsideStores(policies))
    await writeAll(args, () => exportPerson({ readers, person, now, unassigned: placesIn(config).unassigned, outside }))
    return 0
  },
}

async function writeAll(args: Arguments, events: () => ReturnType<typeof exportPerson>): Promise<void> {
  const [out, html, pdf] = [args.text('out'), args.text('html'), args.text('pdf')]
  const write = async (form: string, path: string, parts: Parameters<typeof streamToFile>[1]) => {
    await streamToFile(path, parts)
    process.stderr.write(`${form} written to ${path}\n`)
  }
  if (html !== undefined) await write('Page', html, htmlOf(events()))
  if (pdf !== undefined) await write('PDF', pdf, pdfOf(events()))
  if (out !== undefined) await write('JSON', out, jsonOf(events()))
  else if (args.flag('json') || (html === undefined && pdf === undefined))
    await streamTo(process.stdout, jsonOf(events()))
}

async function wordOf(argument: string): Promise<string> {
  const word = (argument === '-' ? await text(process.stdin) : argument).trim()
  if (word !== '') return word
  throw new UsageError('Expected a subject id or an email, got nothing.', {
    hint: '"-" reads it from the standard input, so that no shell keeps it.',
  })
}
