// A look through the sources in src/ for whatever could open two files on one connection: connections outside the places that are
// listed here, and statements that name a second file. It finds mistakes, and what is new; whoever hides it (a statement put
// together from letters, a package that brings its own driver) is found by `auditConnections` while the program runs.
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import type { Finding } from '../finding.ts'
import type { SectionResult } from '../report.ts'
import { literalsOf } from './literals.ts'

interface Opener {
  /** How many times the driver's constructor is called. */
  readonly times: number
  readonly why: string
}

const SRC = join(import.meta.dirname, '../../..')

export const OPENERS: Readonly<Record<string, Opener>> = {
  'compliance/audit/bytes/answer-scans.ts': {
    times: 1,
    why: 'one file at a time, read only, to name the tables of pages',
  },
  'compliance/erasure/unassigned.ts': { times: 1, why: 'what a split could not place, one file that no domain knows' },
  'database/connections.ts': { times: 2, why: 'the files of the domains, and an empty database in memory' },
  'ops/advise/sign-in-log.ts': { times: 1, why: 'a scratch file with synthetic rows' },
  'ops/advise/unified-file.ts': { times: 1, why: 'the unified database, read only, before there are three' },
  'ops/backup/work-folder.ts': { times: 1, why: 'a lock without rows' },
  'ops/restore/hold.ts': { times: 1, why: 'the file that a restore replaces, to keep others out' },
  'ops/restore/work.ts': { times: 2, why: 'a lock without rows, and the one file that is restored' },
  'transfer/affinity.ts': { times: 1, why: 'in memory, to ask SQLite how it stores a value' },
  'transfer/legacy-schema.ts': { times: 1, why: 'in memory, to compare schemas' },
  'transfer/merge-checks.ts': { times: 1, why: 'a copy of one file' },
  'transfer/merge.ts': { times: 1, why: 'the unified file that a merge makes' },
  'transfer/restore.ts': { times: 1, why: 'in memory, for the schema of the unified file' },
  'transfer/snapshot.ts': { times: 3, why: 'one file at a time, and its copy' },
  'transfer/target-files.ts': { times: 2, why: 'the files that a split makes, one a connection' },
  'transfer/work-folder.ts': { times: 1, why: 'a lock without rows' },
}

/** `attach database 'x' as y`, `attach ? as y`; not the word in a sentence. */
const ATTACH =
  /(?:^|;)\s*(?:attach|detach)\s+(?:database\b|\?|'|"|:|\$)|\battach\b[^;]{1,200}\bas\s+\w+\s*(?:;|$)|^\s*attach\s+$/i
/** Words that are a statement once something is put behind them, or halves of it. */
const HALF = /^\s*(?:attach|att|ach database\b.*|attach database)\s*$/i
/** Names statements, to tell which a text holds. */
const WORDS: ReadonlySet<string> = new Set(['database/statement-words.ts'])
const COMMENT = /\/\*[\s\S]*?\*\/|--[^\n]*(?:\n|$)/g
const DRIVER =
  /^(?:better-sqlite3|node:sqlite|sqlite3?|bun:sqlite|sql\.js|@?libsql(?:\/\w+)?|@prisma\/adapter-(?:better-sqlite3|libsql))$/
const IMPORTED = /import\s+(?!type\b)(?:(\w+)|\*\s+as\s+(\w+)|\{([^}]*)\})[^;\n]*?\bfrom\s*$/

/** Of `src/`, without what is generated. */
export function auditSources(folder: string = SRC, openers: Readonly<Record<string, Opener>> = OPENERS): SectionResult {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => relative(folder, join(folder, name)).split(sep).join('/'))
    .filter((name) => !name.startsWith('generated/'))
    .sort()
  const findings = files.flatMap((name) => aboutSource(name, readFileSync(join(folder, name), 'utf8'), openers[name]))
  return { findings, looked: { sources: files.length } }
}

function aboutSource(name: string, source: string, opener: Opener | undefined): readonly Finding[] {
  if (!/sql|attach|att'|createRequire|loadExtension|Database\(/i.test(source)) return []
  const { code, texts } = literalsOf(source)
  const file = `src/${name}`
  const isAttach = (text: string) => ATTACH.test(text) || (HALF.test(text) && !WORDS.has(name))
  const attached = texts.filter((text) => isAttach(text.replace(COMMENT, ' '))).length
  const opened = openingsIn(source, code)
  const findings: Finding[] = []
  if (attached > 0) {
    const next = 'Read the second file by a connection of its own, through src/join/.'
    findings.push(finding('handles.attach', file, 'A statement attaches a second file to a connection', attached, next))
  }
  if (opened > (opener?.times ?? 0)) {
    const allowed = opener ? `${opener.times} (${opener.why})` : 'none'
    const message = `It opens connections in ${opened} place(s), allowed: ${allowed}`
    const next =
      'Open files through src/database/connections.ts; where that cannot be, list the place there with its reason.'
    findings.push(finding('handles.opener', file, message, opened, next))
  }
  if (/\.\s*loadExtension\s*\(/.test(code)) {
    const next = 'Take it out: an extension may open any file.'
    findings.push(finding('handles.extension', file, 'It loads an extension into a connection', 1, next))
  }
  return findings
}

/** Calls of the driver's constructor, under whatever name it was imported; an import that hides the name counts as one. */
function openingsIn(source: string, code: string): number {
  let count = 0
  for (const { index, 2: module = '' } of source.matchAll(/(['"])([@\w:./-]+)\1/g)) {
    if (!DRIVER.test(module)) continue
    const before = source.slice(Math.max(0, index - 300), index)
    if (/(?:import|require|spawn|spawnSync|exec\w*)\s*\(\s*$/.test(before)) count += 1
    const [, whole, all, some] = IMPORTED.exec(before) ?? []
    const names = [
      whole,
      all,
      ...(some ?? '').split(',').map((part) =>
        part
          .trim()
          .split(/\s+as\s+/)
          .at(-1),
      ),
    ]
    for (const name of names) if (name) count += callsOf(name, code)
  }
  // What makes a `require` may load any driver under any name.
  return count + [...code.matchAll(/\bcreateRequire\s*\(/g)].length
}

/** Calls of the constructor, and other names that it is given. */
const callsOf = (name: string, code: string): number =>
  [...code.matchAll(new RegExp(`(?<![\\w.])(?:new\\s+)?${name}(?:\\.\\w+)?\\s*\\(|=\\s*${name}\\s*(?:[;\\n]|$)`, 'g'))]
    .length

const finding = (code: string, file: string, message: string, count: number, next: string): Finding => ({
  ...{ severity: 'high', section: 'handles', code, message, count, next },
  place: { file },
})
