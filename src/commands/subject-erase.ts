// Erases a person and proves it (POPIA sections 14 and 24). Beside a running server as well.
import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { periodWords } from '../compliance/data-map/purposes-of.ts'
import { type Eraser, erasePerson, type Preview, placesIn, previewErasure } from '../compliance/erasure/erase.ts'
import { type BackupHeld, valuesIn as countOf, type Receipt, type TableDone } from '../compliance/erasure/receipt.ts'
import type { Context } from '../context.ts'
import { ConflictError, UsageError } from '../errors.ts'
import type { TakenValues } from '../identity/erasure.ts'
import type { Arguments, Command } from './command.ts'
import { askedFor, backupsOf, type Found, forSubject, saidOf, signingKeyIn, WHO } from './subject-context.ts'

export const eraseCommand: Command = {
  usage: 'subject erase ID [--preview] [--former-address] [--search FILE] [--sign KEY] [--json]',
  summary: `Erase a person from all files, and search the bytes for what is left (POPIA s14, s24). ${WHO}`,
  positionals: { least: 1, most: 1 },
  options: {
    preview: { type: 'boolean', help: 'say what would be done, change nothing' },
    'former-address': { type: 'boolean', help: 'also where the email is one that the person had before a correction' },
    'dry-run': { type: 'boolean', help: 'the same' },
    search: {
      type: 'string',
      value: 'FILE',
      help: 'values to look for, one a line, beside those that are kept until nothing is found',
    },
    sign: {
      type: 'string',
      value: 'KEY',
      help: 'a file with an Ed25519 key (PEM) that signs the receipt; GOGGA_SIGNING_KEY_FILE without it',
    },
  },
  examples: [
    'subject erase cmb2x9k4d0001 --preview',
    'subject erase cmb2x9k4d0001 --json > receipt.json',
    `subject erase - < address.txt # the email stays out of the shell's history`,
  ],
  files: 'changes',
  async run(args) {
    if (args.flag('preview') || args.flag('dry-run')) return await forSubject(args, previewOf(args), () => undefined)
    return await forSubject(args, async (context, subjectId, found) => {
      requireMeant(found, args)
      const asked = askedFor('subject erase', subjectId)
      const person = { subjectId, askedBy: 'gogga subject erase' }
      const { data } = await erasePerson(eraserOf(context, args), person, asked)
      return printReceipt(data, args)
    })
  },
}

/** Says itself by which address the person was found. */
const previewOf = (args: Arguments) => async (context: Context, subjectId: string, found: Found) =>
  printPreview(await previewErasure(eraserOf(context, args), subjectId), found, args)

/** Nothing brings an erased person back: who is found by what they no longer have is to be meant. */
function requireMeant({ subjectId, formerly, others = [] }: Found, args: Arguments): void {
  if (others.length > 0)
    throw new ConflictError(`${others.length + 1} people have or had this email, and nobody was erased by it`, {
      hint: `Name one of them by subject id: ${[`${subjectId} (now)`, ...others].join('; ')}.`,
    })
  if (!formerly || args.flag('former-address')) return
  throw new ConflictError('This email is a former one, and nobody was erased by it', {
    hint: `Look at "gogga subject erase ${subjectId} --preview" first; then name the id, or say --former-address.`,
  })
}

function eraserOf({ sagas, config }: Context, args: Arguments): Eraser {
  const path = args.text('search')
  return {
    sagas,
    ...placesIn(config),
    listBackups: () => backupsOf(config),
    key: signingKeyIn(args.text('sign'), config),
    ...(path !== undefined && { values: valuesIn(path) }),
  }
}

/** Throws UsageError where the file says nothing: a search for nothing proves nothing. */
function valuesIn(path: string): TakenValues {
  const lines = readFileSync(path, 'utf8').split('\n')
  const words = lines.map((line) => line.trim()).filter(Boolean)
  if (words.length === 0)
    throw new UsageError('--search expects a file with at least one value, got none', {
      hint: 'Write each value on a line of its own: addresses, IP addresses, numbers.',
    })
  return {
    emails: words.filter((word) => word.includes('@')),
    ips: words.filter((word) => isIP(word) !== 0),
    texts: words.filter((word) => !word.includes('@') && isIP(word) === 0),
  }
}

function printPreview(preview: Preview, found: Found, args: Arguments): 0 {
  const foundBy = found.formerly ? { formerAddress: found.formerly.email, until: found.formerly.until } : undefined
  if (args.flag('json')) process.stdout.write(`${JSON.stringify({ ...preview, ...(foundBy && { foundBy }) })}\n`)
  else {
    const { ids, tables, backups, lastBackupExpiresAt } = preview
    process.stdout.write(
      `${saidOf(found)}Would erase ${ids.join(' and ')}:\n${linesOf(tables)}${backupsIn(backups, lastBackupExpiresAt)}`,
    )
  }
  return 0
}

/** 1 where it is not proven that nothing is left. */
function printReceipt(receipt: Receipt, args: Arguments): 0 | 1 {
  const { ids, tables, mails, proven, backups, lastBackupExpiresAt } = receipt
  if (args.flag('json')) process.stdout.write(`${JSON.stringify(receipt)}\n`)
  else
    process.stdout.write(
      `Erased ${ids.join(' and ')}, receipt ${receipt.erasureId}\n${linesOf(tables)}  ${mails} mail(s) removed\n` +
        `${proofIn(receipt)}${backupsIn(backups, lastBackupExpiresAt)}`,
    )
  return proven ? 0 : 1
}

const linesOf = (tables: readonly TableDone[]): string =>
  tables
    .map(({ file, table, action, rows, columns = [], because, period }) => {
      const why = because === undefined ? '' : ` (${because}${period ? `, ${periodWords(period)}` : ''})`
      const by = columns.length > 0 ? ` by ${columns.join(', ')}` : ''
      return `  ${file}.${table}: ${rows} row(s) ${action}${by}${why}\n`
    })
    .join('')

function proofIn({ proofs, proof, next = [] }: Receipt): string {
  const before = proofs.length > 1 ? `${proofs.length} searches are in the receipt; the latest:\n` : ''
  const steps = next.map((step) => `  ${step}\n`).join('')
  if (proof === null) return `Not proven:\n${steps}`
  const bytes = proof.searched.reduce((sum, one) => sum + one.bytes, 0)
  const places = Object.keys(proof.sharedIn ?? {}).join(', ')
  const shared =
    proof.shared > 0
      ? `; ${proof.shared} more are somebody else's as well${places && ` (${places})`}, or nobody's in particular`
      : ''
  const head = `${before}Searched ${proof.searched.length} files (${(bytes / 1_048_576).toFixed(1)} MiB) for ${countOf(proof)} value(s)${shared}: `
  if (proof.found.length === 0) return `${head}nothing was found.\n${steps && `Not proven:\n${steps}`}`
  const found = proof.found
    .map(({ file, kind, count, where }) => `  ${file}: ${kind}, ${count} time(s)${where ? ` in a ${where}` : ''}\n`)
    .join('')
  return `${head}FOUND\n${found}What to do:\n${steps}`
}

function backupsIn(backups: readonly BackupHeld[], last: string | null): string {
  if (last === null) return 'No backup holds the person.\n'
  const lines = backups.map(({ id, expiresAt }) => `  ${id} until ${expiresAt.slice(0, 10)}\n`).join('')
  return `Backups that still hold the person; the last one goes by ${last.slice(0, 10)}:\n${lines}`
}
