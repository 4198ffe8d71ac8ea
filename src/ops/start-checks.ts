// Everything that would keep the server from serving, found before anything is opened for good, so that somebody who
// sets a machine up sees one list and not one error after the other. Nothing is asked over the network.
import { accessSync, constants, existsSync, statfsSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { dirname } from 'node:path'
import type { Config } from '../config.ts'
import { openWriter } from '../database/connections.ts'
import { DOMAINS, type Domain } from '../database/domains.ts'
import { domainError } from '../database/errors.ts'
import { hasFile } from '../database/logs.ts'
import { migrationState } from '../database/migrations.ts'
import { type ErrorDetail, GoggaError } from '../errors.ts'
import { createMailer } from '../mail/mailer.ts'
import { readPolicies } from './backup/policy.ts'

export interface Finding {
  /** What it belongs to: `environment`, `billing.db`, `port`. */
  readonly group: string
  /** A warning lets the server start. */
  readonly level: 'error' | 'warning'
  readonly message: string
  /** The next step. */
  readonly hint: string
}

export interface StartChecksOptions {
  /** Files that are missing or not migrated are about to be made so. */
  readonly willMigrate?: boolean
}

const RIGHTS = "Give it to the server's user: chown it, or chmod u+rwX."
/** Below the first nothing starts; below the second somebody should look. */
const FULL_BYTES = 64 * 2 ** 20
const NARROW_BYTES = 2 ** 30

/** `problems`: what is wrong with the environment that gave this configuration. */
export async function findStartProblems(
  config: Config,
  problems: readonly ErrorDetail[],
  { willMigrate = false }: StartChecksOptions = {},
): Promise<readonly Finding[]> {
  const files = DOMAINS.flatMap((domain) => examineFile(domain, config.paths[domain], willMigrate))
  return [
    ...problems.map(({ at, message }) => error('environment', `${at} ${message}`, 'Correct it or unset it.')),
    ...(await examineMail(config)),
    ...examinePolicy(config),
    ...files,
    ...DOMAINS.flatMap((domain) => examineRoom(domain, config.paths[domain])),
    ...(await examinePorts(config)),
  ]
}

const error = (group: string, message: string, hint: string): Finding => ({ group, level: 'error', message, hint })
const warning = (group: string, message: string, hint: string): Finding => ({ group, level: 'warning', message, hint })

function examineFile(domain: Domain, path: string, willMigrate: boolean): readonly Finding[] {
  const group = `${domain}.db`
  const folder = dirname(path)
  if (existsSync(folder) && !may(folder, constants.X_OK))
    return [error(group, `this user may not enter its folder: ${folder}`, RIGHTS)]
  if (!hasFile(path)) {
    if (willMigrate) return examineNewFolder(group, folder)
    return [
      error(
        group,
        `is missing: ${existsSync(path) ? 'a file without a byte' : 'nothing'} is at ${path}`,
        `Run "gogga restore ${domain} --from latest --dry-run" to see what a backup brings back. Where there never was ` +
          `one: "npx gogga migrate --domain ${domain}".`,
      ),
    ]
  }
  const blocked = examineRights(group, path)
  return [
    ...blocked,
    ...examineModes(group, path),
    ...(blocked.length > 0 ? [] : examineContent(domain, path, willMigrate)),
  ]
}

function examineNewFolder(group: string, folder: string): readonly Finding[] {
  let nearest = folder
  while (!existsSync(nearest)) nearest = dirname(nearest)
  if (may(nearest, constants.W_OK | constants.X_OK)) return []
  return [
    error(
      group,
      `cannot be made: this user may not write to ${nearest}`,
      'Give its user the folder, or name another in GOGGA_DATA_DIR.',
    ),
  ]
}

/** SQLite makes its log beside the file: the folder must be writable too. */
function examineRights(group: string, path: string): readonly Finding[] {
  const cases = [
    [path, constants.R_OK, 'read the file'],
    [path, constants.W_OK, 'write the file'],
    [dirname(path), constants.W_OK | constants.X_OK, 'write to its folder'],
  ] as const
  return cases.flatMap(([place, rights, what]) =>
    may(place, rights) ? [] : [error(group, `this user may not ${what}: ${place}`, RIGHTS)],
  )
}

function may(path: string, rights: number): boolean {
  try {
    accessSync(path, rights)
    return true
  } catch {
    return false
  }
}

/** A group may read: that is how a backup's own user comes to one file and no other. */
function examineModes(group: string, path: string): readonly Finding[] {
  const open = [path, dirname(path)].filter((place) => (statSync(place).mode & 0o027) !== 0)
  return open.map((place) => {
    const mode = (statSync(place).mode & 0o777).toString(8)
    return warning(
      group,
      `others on this machine may reach it: ${place} has mode ${mode}`,
      `Run "chmod g-w,o= ${place}".`,
    )
  })
}

function examineContent(domain: Domain, path: string, willMigrate: boolean): readonly Finding[] {
  const group = `${domain}.db`
  try {
    // A read-only connection would leave an empty log behind.
    using opened = closing(openWriter(domain, path))
    const { pending } = migrationState(domain, opened.connection)
    if (pending.length === 0 || willMigrate) return []
    const list = pending.join(', ')
    return [
      error(group, `lacks ${pending.length} of its migrations: ${list}`, `Run "npx gogga migrate --domain ${domain}".`),
    ]
  } catch (cause) {
    const { message, hint = 'Restore it from a backup.' } =
      cause instanceof GoggaError ? cause : domainError(cause, domain, path)
    return [error(group, message, hint)]
  }
}

const closing = <C extends { close(): unknown }>(connection: C): Disposable & { readonly connection: C } => ({
  connection,
  [Symbol.dispose]: () => void connection.close(),
})

function examineRoom(domain: Domain, path: string): readonly Finding[] {
  let folder = dirname(path)
  while (!existsSync(folder)) folder = dirname(folder)
  const { bavail, bsize } = statfsSync(folder)
  const free = bavail * bsize
  if (free >= NARROW_BYTES) return []
  const [message, hint] = [
    `its disk has ${Math.floor(free / 2 ** 20)} MiB left: ${folder}`,
    'Free space, or move it to a larger disk.',
  ]
  return [free < FULL_BYTES ? error(`${domain}.db`, message, hint) : warning(`${domain}.db`, message, hint)]
}

function examinePolicy({ backupPolicy, dataDir }: Config): readonly Finding[] {
  try {
    readPolicies({ file: backupPolicy, dataDir })
    return []
  } catch (cause) {
    if (!(cause instanceof GoggaError)) throw cause
    const { message, errors, hint = 'Correct GOGGA_BACKUP_POLICY.' } = cause
    const places = errors.length > 0 ? errors.map(({ at, message: what }) => `${message}: ${at}: ${what}`) : [message]
    return places.map((place) => error('backups', place, hint))
  }
}

async function examineMail({ mail }: Config): Promise<readonly Finding[]> {
  try {
    await using _ = createMailer({ ...mail, newId: () => '', now: () => new Date(0) })
    return []
  } catch (cause) {
    if (!(cause instanceof GoggaError)) throw cause
    return [error('mail', cause.message, cause.hint ?? 'Correct SMTP_URL or GOGGA_MAIL_FROM.')]
  }
}

async function examinePorts({ host, port, metricsPort }: Config): Promise<readonly Finding[]> {
  if (metricsPort !== undefined && metricsPort === port)
    return [error('port', `PORT and GOGGA_METRICS_PORT are both ${port}`, 'Give each a port of its own.')]
  const ports = [port, ...(metricsPort === undefined ? [] : [metricsPort])].filter((number) => number !== 0)
  const found = await Promise.all(ports.map((number) => examinePort(host, number)))
  return found.flat()
}

const PORT_WORDS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another process listens there',
  EACCES: 'this user may not listen there',
  EADDRNOTAVAIL: 'this machine has no such address',
}

function examinePort(host: string, port: number): Promise<readonly Finding[]> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', ({ code = '' }: NodeJS.ErrnoException) => {
      const message = `${host}:${port}: ${PORT_WORDS[code] ?? `cannot listen there (${code})`}`
      resolve([error('port', message, 'End that process, or choose another HOST, PORT or GOGGA_METRICS_PORT.')])
    })
    server.listen({ host, port }, () => server.close(() => resolve([])))
  })
}

/** One screen: groups in the order of their finding, errors first in each. */
export function startScreen(findings: readonly Finding[]): string {
  const count = (level: Finding['level'], one: string, many: string) => {
    const number = findings.filter((finding) => finding.level === level).length
    return number === 0 ? [] : [`${number} ${number === 1 ? one : many}`]
  }
  const errors = count('error', 'thing is wrong', 'things are wrong')
  const parts = [...errors, ...count('warning', 'is worth a look', 'are worth a look')]
  const head = `gogga ${errors.length > 0 ? 'cannot start' : 'starts'}: ${parts.join(', ')}.`
  const groups = [...new Set(findings.map(({ group }) => group))].map((group) => {
    const own = findings.filter((finding) => finding.group === group)
    const sorted = [...own.filter(({ level }) => level === 'error'), ...own.filter(({ level }) => level === 'warning')]
    const lines = sorted.map(
      ({ level, message, hint }) => `  ${level === 'error' ? '✖' : '!'} ${message}\n    ${hint}\n`,
    )
    return `${group}\n${lines.join('')}`
  })
  return `${head}\n\n${groups.join('\n')}`
}
