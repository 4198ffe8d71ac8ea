// The audit by hand: on the terminal, as JSON, HTML and PDF, signed, and kept in identity.db.
import { randomUUID } from 'node:crypto'
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import { resolve } from 'node:path'
import { runAudit } from '../compliance/audit/audit.ts'
import { keepAudit, listAudits, signed } from '../compliance/audit/audits.ts'
import type { Section } from '../compliance/audit/finding.ts'
import { LOG_MEBIBYTES } from '../compliance/audit/logs.ts'
import { type AuditReport, SECTIONS } from '../compliance/audit/report.ts'
import { htmlOf } from '../compliance/audit/report-html.ts'
import { textOf } from '../compliance/audit/report-text.ts'
import { readSigningKey, type SigningKey } from '../compliance/signing.ts'
import { type Config, readConfig } from '../config.ts'
import { openFile } from '../database/clients.ts'
import { GoggaError, StoppedError, UsageError } from '../errors.ts'
import { readPolicies } from '../ops/backup/policy.ts'
import { stepBack } from '../ops/backup/step-back.ts'
import { applicationOf } from '../transfer/report.ts'
import { archivesOf } from './audit-archives.ts'
import { PUBLIC_KEY, publicKeysOf, signingKeyOf } from './audit-context.ts'
import type { Arguments, Command } from './command.ts'
import { createProgress } from './progress.ts'

export const auditCommand: Command = {
  usage: 'audit [--section SECTION]… [--logs FILE]… [--html FILE] [--pdf FILE] [--sign KEY] [--json]',
  summary:
    'Audit that personal information is in identity.db and nowhere else, and that what keeps it there stands (POPIA section 19).',
  options: {
    section: { type: 'string', multiple: true, value: 'SECTION', help: `only this part: ${SECTIONS.join(', ')}` },
    logs: {
      type: 'string',
      multiple: true,
      value: 'FILE',
      help: 'a log of the application (default: GOGGA_LOG_FILES)',
    },
    'log-mb': { type: 'string', value: 'MB', default: String(LOG_MEBIBYTES), help: 'of the end of each log, in MiB' },
    'no-backups': { type: 'boolean', help: 'do not look into backups; such an audit is not kept' },
    html: { type: 'string', value: 'FILE', help: 'write the report as one page' },
    pdf: { type: 'string', value: 'FILE', help: 'write the report as PDF' },
    sign: { type: 'string', value: 'KEY', help: 'sign with this Ed25519 key (PEM); beside each FILE lies FILE.sig' },
    'public-key': PUBLIC_KEY,
  },
  examples: [
    'audit',
    'audit --html audit.html --pdf audit.pdf --sign signing.pem',
    'audit --section values --section bytes --json',
    'audit --logs /var/log/gogga.log --log-mb 256',
    'audit --pdf audit.pdf --sign signing.pem # check it: openssl pkeyutl -verify -rawin -pubin -inkey gogga.pem -in audit.pdf -sigfile audit.pdf.sig',
  ],
  files: 'changes',
  async run(args) {
    const config = readConfig()
    const asked = askedOf(args, config)
    for (const file of [args.text('html'), args.text('pdf')]) if (file !== undefined) requireWritable(file)
    stepBack()
    const report = await audited(config, asked, args)
    await writeReports(report, args, asked.key)
    if (asked.sections === undefined && !args.flag('no-backups')) await keep(config, report, asked.key)
    process.stdout.write(args.flag('json') ? `${JSON.stringify(report)}\n` : textOf(report))
    return report.passed ? 0 : 1
  },
}

interface Asked {
  readonly sections: readonly Section[] | undefined
  readonly logs: { readonly files: readonly string[]; readonly mebibytes: number }
  readonly key: SigningKey | undefined
}

function askedOf(args: Arguments, config: Config): Asked {
  const words = args.list('section')
  const wrong = words.find((word) => !(SECTIONS as readonly string[]).includes(word))
  if (wrong !== undefined) throw new UsageError(`--section expects one of ${SECTIONS.join(', ')}, got "${wrong}".`)
  const mebibytes = Number(args.text('log-mb'))
  if (!Number.isInteger(mebibytes) || mebibytes < 1 || mebibytes > 65_536)
    throw new UsageError(`--log-mb expects a whole number from 1 to 65536, got "${args.text('log-mb')}".`)
  const named = args.list('logs').map((file) => resolve(file))
  const keyFile = args.text('sign')
  return {
    sections: words.length > 0 ? (words as readonly Section[]) : undefined,
    logs: { files: named.length > 0 ? named : config.logFiles, mebibytes },
    key: keyFile === undefined ? signingKeyOf(config) : readSigningKey(keyFile, '--sign'),
  }
}

const UNITS = { logs: 'bytes', values: 'rows', bytes: 'bytes', chain: 'files' }
const SIGNALS = ['SIGINT', 'SIGTERM'] as const

async function audited(config: Config, { sections, logs }: Asked, args: Arguments): Promise<AuditReport> {
  const progress = createProgress({ now: () => performance.now(), units: UNITS })
  const controller = new AbortController()
  const abort = () => controller.abort(new StoppedError('The audit was stopped before its end; nothing was kept.'))
  for (const signal of SIGNALS) process.once(signal, abort)
  try {
    const { signal } = controller
    const withBackups = !args.flag('no-backups') && (sections === undefined || sections.includes('bytes'))
    const policies = readPolicies({ file: config.backupPolicy, dataDir: config.dataDir })
    const { paths, busyTimeoutMs } = config
    return await runAudit({
      ...{ id: randomUUID(), cause: 'command', now: () => new Date(), program: applicationOf().version },
      ...{ paths, busyTimeoutMs, ...publicKeysOf(config, args), logs, signal },
      ...(withBackups && { archives: await archivesOf(policies) }),
      ...(sections && { sections }),
      onProgress: (section, done, total, what) => progress.update(section, done, total || done, what),
    })
  } finally {
    progress.stop()
    for (const signal of SIGNALS) process.off(signal, abort)
  }
}

async function writeReports(report: AuditReport, args: Arguments, key: SigningKey | undefined): Promise<void> {
  const [html, pdf] = [args.text('html'), args.text('pdf')]
  if (html !== undefined) writeSigned(html, Buffer.from(htmlOf(report)), key)
  if (pdf === undefined) return
  // Loaded on use: the audit itself is to need little memory.
  const { pdfOf } = await import('../compliance/audit/report-pdf.ts')
  writeSigned(pdf, await pdfOf(report), key)
}

function writeSigned(path: string, bytes: Buffer, key: SigningKey | undefined): void {
  writeFile(path, bytes)
  if (key) writeFile(`${path}.sig`, key.sign(bytes))
  else rmSync(`${path}.sig`, { force: true }) // One of before would not fit.
}

/** Before the audit, which takes long. */
function requireWritable(path: string): void {
  try {
    closeSync(openSync(`${path}.new`, 'w', 0o600))
    rmSync(`${path}.new`)
  } catch (cause) {
    throw unwritable(path, cause)
  }
}

const unwritable = (path: string, cause: unknown) =>
  new UsageError(`${path} cannot be written: ${(cause as NodeJS.ErrnoException).code}`, {
    cause,
    hint: 'Name a file in a folder that is there.',
  })

function writeFile(path: string, bytes: Buffer): void {
  const beside = `${path}.new`
  try {
    const file = openSync(beside, 'w', 0o600)
    writeSync(file, bytes)
    fsyncSync(file)
    closeSync(file)
    renameSync(beside, path)
  } catch (cause) {
    throw unwritable(path, cause)
  }
}

/** An audit of a file that cannot be written to is told all the same. */
async function keep(config: Config, report: AuditReport, key: SigningKey | undefined): Promise<void> {
  try {
    await using identity = await openFile('identity', config.paths.identity, config)
    await keepAudit(identity, signed(report, key, listAudits(identity, 1)[0]))
  } catch (error) {
    const why = error instanceof GoggaError ? error.message : ((error as { code?: string }).code ?? 'unknown')
    process.stderr.write(`gogga: this audit is not kept in identity.db: ${why}\n`)
  }
}
