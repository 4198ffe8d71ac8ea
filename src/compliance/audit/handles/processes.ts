// Which process of this machine has which file open, as Linux tells it in /proc, as far as this user may read there. Told are
// the number, the name of the program and of its script, and the user of a process: its arguments may hold anything.
import { type BigIntStats, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { DOMAINS, type Domain, isDomain } from '../../../database/domains.ts'
import type { Finding } from '../finding.ts'
import type { SectionResult } from '../report.ts'
import { programName } from './program-name.ts'

export interface Proc {
  /** `/proc`, unless a test says otherwise. */
  readonly root?: string
  /** What ours are run by. */
  readonly program?: string
}

interface Process {
  readonly pid: number
  /** Of its first thread: Node's is `MainThread`. */
  readonly name: string
  readonly user: number
  readonly program: string | undefined
  readonly words: readonly string[]
  readonly open: readonly Domain[]
}

const PARTS = ['', '-wal', '-shm', '-journal'] as const

export function auditProcesses(
  paths: Readonly<Record<Domain, string>>,
  { root = '/proc', program = process.execPath }: Proc = {},
): SectionResult {
  const pids = processesIn(root)
  if (!pids) return { findings: [noProc()], looked: { processes: 0 } }
  const files = identitiesOf(paths)
  const found = pids.map((pid) => lookAt(root, pid, files))
  const processes = found.filter((one) => typeof one === 'object')
  const unreadable = found.filter((one) => one === 'unreadable').length
  const findings = processes.flatMap((one) => [shownProcess(one), ...stranger(one, program), ...tooMany(one)])
  return {
    findings: [...findings, ...(unreadable > 0 ? [outOfReach(unreadable)] : [])],
    looked: { processes: pids.length - unreadable, holders: processes.length, unreadable },
  }
}

function processesIn(root: string): readonly number[] | undefined {
  try {
    const pids = readdirSync(root).filter((name) => /^\d+$/.test(name))
    return pids.length > 0 ? pids.map(Number) : undefined
  } catch {
    return undefined
  }
}

type Identities = ReadonlyMap<string, Domain>

const identityOf = ({ dev, ino }: BigIntStats): string => `${dev}:${ino}`

function identitiesOf(paths: Readonly<Record<Domain, string>>): Identities {
  const known = new Map<string, Domain>()
  for (const domain of DOMAINS)
    for (const part of PARTS) {
      const stat = statSync(paths[domain] + part, { bigint: true, throwIfNoEntry: false })
      if (stat) known.set(identityOf(stat), domain)
    }
  return known
}

/** Undefined for one that has none of the files open, or is gone meanwhile. */
function lookAt(root: string, pid: number, files: Identities): Process | 'unreadable' | undefined {
  const home = join(root, String(pid))
  try {
    const fds = readdirSync(join(home, 'fd'))
    const open = new Set(fds.flatMap((fd) => openedBy(join(home, 'fd', fd), files)))
    if (open.size === 0) return undefined
    return {
      pid,
      open: DOMAINS.filter((domain) => open.has(domain)),
      name: readFileSync(join(home, 'comm'), 'utf8').trim(),
      user: statSync(home).uid,
      program: programOf(home),
      words: readFileSync(join(home, 'cmdline'), 'utf8').split('\0'),
    }
  } catch (error) {
    return /^E(ACCES|PERM)$/.test((error as NodeJS.ErrnoException).code ?? '') ? 'unreadable' : undefined
  }
}

function openedBy(fd: string, files: Identities): readonly Domain[] {
  try {
    const domain = files.get(identityOf(statSync(fd, { bigint: true })))
    return domain ? [domain] : []
  } catch {
    return [] // Closed meanwhile.
  }
}

function programOf(home: string): string | undefined {
  try {
    return readlinkSync(join(home, 'exe'))
  } catch {
    return undefined
  }
}

const named = ({ pid, words, name, user }: Process): string =>
  `process ${pid} (${programName(words, name)}) of user ${user}`
const filesOf = (domains: readonly Domain[]): string => domains.map((domain) => `${domain}.db`).join(', ')

function shownProcess(one: Process): Finding {
  const isOwn = one.pid === process.pid
  return {
    ...{ severity: 'info', section: 'handles', code: 'handles.process', count: one.open.length },
    message: `${filesOf(one.open)} open in ${named(one)}${isOwn ? ', which makes this audit' : ''}`,
    place: { file: filesOf(one.open) },
    next: isOwn ? 'Nothing.' : 'Nothing, where you know this process.',
  }
}

/** Programs that may have the files open beside our own. */
const FRIENDS: ReadonlySet<string> = new Set(['litestream'])

function stranger(one: Process, program: string): readonly Finding[] {
  const isOwn = one.program === undefined ? /^(node|MainThread)/.test(one.name) : one.program === program
  if (isOwn || FRIENDS.has(one.name)) return []
  return [
    {
      ...{ severity: 'medium', section: 'handles', code: 'handles.stranger', count: one.open.length },
      message: `A program that is none of ours, ${named(one)}, has ${filesOf(one.open)} open`,
      place: { file: filesOf(one.open) },
      next: 'Find out who runs it and why; end it, and let the files be read through the server only.',
    },
  ]
}

/** Whoever backs up billing.db has no business in another file. */
function tooMany(one: Process): readonly Finding[] {
  const at = one.words.indexOf('backup')
  if (at === -1) return []
  const asked = one.words.slice(at + 1).filter(isDomain)
  const others = one.open.filter((domain) => !asked.includes(domain))
  if (asked.length === 0 || others.length === 0) return []
  return [
    {
      ...{ severity: 'medium', section: 'handles', code: 'handles.too-many', count: others.length },
      message: `The backup of ${filesOf(asked)}, ${named(one)}, has ${filesOf(others)} open as well`,
      place: { file: filesOf(others) },
      next: 'End it, and give each backup a user who can read its own file only (deploy/README.md).',
    },
  ]
}

const outOfReach = (count: number): Finding => ({
  ...{ severity: 'info', section: 'handles', code: 'handles.out-of-reach', count },
  message: `${count} process(es) of other users could not be looked at`,
  place: { file: 'this machine' },
  next: 'Run the audit as root once, where other users should have none of the files open.',
})

const noProc = (): Finding => ({
  ...{ severity: 'info', section: 'handles', code: 'handles.no-processes', count: 0 },
  message: 'This system does not tell which process has which file open',
  place: { file: 'this machine' },
  next: 'Look with the means of the system, such as lsof.',
})
