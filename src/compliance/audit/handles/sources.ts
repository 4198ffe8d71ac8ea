// A proof over the sources: no code path opens two files on one connection. A connection is opened with one path, in the places
// that are listed here, and only ATTACH could add a second file to it: no text of the program holds that statement.
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
const DRIVER = /^(?:better-sqlite3|node:sqlite|sqlite3?|bun:sqlite|libsql)$/
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
  if (!/sqlite|attach|loadExtension|Database\(/i.test(source)) return []
  const { code, texts } = literalsOf(source)
  const file = `src/${name}`
  const attached = texts.filter((text) => ATTACH.test(text)).length
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
  for (const { index, 2: module = '' } of source.matchAll(/(['"])([\w:-]+)\1/g)) {
    if (!DRIVER.test(module)) continue
    const before = source.slice(Math.max(0, index - 300), index)
    if (/(?:import|require)\s*\(\s*$/.test(before)) count += 1
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
  return count
}

const callsOf = (name: string, code: string): number =>
  [...code.matchAll(new RegExp(`(?<![\\w.])(?:new\\s+)?${name}(?:\\.\\w+)?\\s*\\(`, 'g'))].length

const finding = (code: string, file: string, message: string, count: number, next: string): Finding => ({
  ...{ severity: 'high', section: 'handles', code, message, count, next },
  place: { file },
})
