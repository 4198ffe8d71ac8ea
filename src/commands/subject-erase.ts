// Erases a person and proves it (POPIA sections 14 and 24). Beside a running server as well.
import { readFileSync } from 'node:fs'
import { type Eraser, erasePerson, type Preview, previewErasure } from '../compliance/erasure/erase.ts'
import type { BackupHeld, Receipt, TableDone } from '../compliance/erasure/receipt.ts'
import type { Context } from '../context.ts'
import { ConflictError } from '../errors.ts'
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
      help: 'values to look for, one a line, where an earlier erasure was cut off before its proof',
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
function requireMeant({ subjectId, formerly }: Found, args: Arguments): void {
  if (!formerly || args.flag('former-address')) return
  throw new ConflictError('This email is a former one, and nobody was erased by it', {
    hint: `Look at "gogga subject erase ${subjectId} --preview" first; then name the id, or say --former-address.`,
  })
}

function eraserOf({ sagas, config }: Context, args: Arguments): Eraser {
  const path = args.text('search')
  const lines = path === undefined ? undefined : readFileSync(path, 'utf8').split('\n')
  const words = lines?.map((line) => line.trim()).filter(Boolean)
  return {
    sagas,
    mailFolder: config.mail.folder,
    listBackups: () => backupsOf(config),
    key: signingKeyIn(args.text('sign'), config),
    ...(words && {
      values: {
        emails: words.filter((word) => word.includes('@')),
        ips: [],
        texts: words.filter((word) => !word.includes('@')),
      },
    }),
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

/** 1 where something of the person was found. */
function printReceipt(receipt: Receipt, args: Arguments): 0 | 1 {
  const { ids, tables, mails, proof, backups, lastBackupExpiresAt } = receipt
  const isClean = proof === null || proof.found.length === 0
  if (args.flag('json')) process.stdout.write(`${JSON.stringify(receipt)}\n`)
  else
    process.stdout.write(
      `Erased ${ids.join(' and ')}, receipt ${receipt.erasureId}\n${linesOf(tables)}  ${mails} mail(s) removed\n` +
        `${proofIn(receipt)}${backupsIn(backups, lastBackupExpiresAt)}`,
    )
  return isClean ? 0 : 1
}

const linesOf = (tables: readonly TableDone[]): string =>
  tables
    .map(({ file, table, action, rows, because, period }) => {
      const why = because === undefined ? '' : ` (${because}${period ? `, ${period}` : ''})`
      return `  ${file}.${table}: ${rows} row(s) ${action}${why}\n`
    })
    .join('')

function proofIn({ proof, ids }: Receipt): string {
  if (proof === null)
    return `Not searched: the process that knew the values was ended. "gogga subject erase ${ids[0]} --search FILE" does it.\n`
  const bytes = proof.searched.reduce((sum, one) => sum + one.bytes, 0)
  const count = Object.values(proof.values).reduce((sum, one) => sum + one, 0)
  const shared = proof.shared > 0 ? `; ${proof.shared} more are somebody else's as well` : ''
  const head = `Searched ${proof.searched.length} files (${(bytes / 1_048_576).toFixed(1)} MiB) for ${count} value(s)${shared}: `
  if (proof.found.length === 0) return `${head}nothing was found.\n`
  const found = proof.found.map(({ file, kind, count: hits }) => `  ${file}: ${kind}, ${hits} time(s)\n`).join('')
  return `${head}FOUND\n${found}  "gogga purge --vacuum" clears free pages, "gogga restore DOMAIN --forget-old" what restores kept.\n`
}

function backupsIn(backups: readonly BackupHeld[], last: string | null): string {
  if (last === null) return 'No backup holds the person.\n'
  const lines = backups.map(({ id, expiresAt }) => `  ${id} until ${expiresAt.slice(0, 10)}\n`).join('')
  return `Backups that still hold the person; the last one goes by ${last.slice(0, 10)}:\n${lines}`
}
