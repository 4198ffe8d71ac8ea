/**
 * Whether the application's logs hold no personal information (POPIA section 19): the last part of each file, line by line, by
 * the detectors, behind encodings and look-alikes too. Values that only identity.db knows, such as names, are looked for among the raw bytes (bytes/).
 */
import { basename } from 'node:path'
import type { PiiKind } from '../../pii/kinds.ts'
import { isQuiet } from '../../pii/quiet.ts'
import { findDeep } from '../../pii/views.ts'
import type { Finding } from './finding.ts'
import { linesOf, type Part, partOf } from './log-lines.ts'
import type { SectionResult } from './report.ts'
import { isFieldName } from './values/key-names.ts'
import { shown } from './values/tally.ts'

export interface LogsOptions {
  readonly files: readonly string[]
  /** Of each file, from its end. */
  readonly mebibytes?: number
  readonly onProgress?: ((bytes: number, total: number) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

export const LOG_MEBIBYTES = 64
/** A line is cut there: nothing of ours writes longer ones. */
const LONGEST_LINE = 1 << 20
/** Of no machine in particular. */
const LOCAL = /^(?:127\.|0\.0\.0\.0$|::1?$|::ffff:127\.)/i
/** The log's own fields, whose digits are times and counts. */
const OWN: ReadonlySet<string> = new Set(['time', 'pid', 'level', 'responseTime', 'tookMs'])
const LESS: ReadonlySet<PiiKind> = new Set(['ip', 'phone'])

export async function auditLogs({
  files,
  mebibytes = LOG_MEBIBYTES,
  onProgress,
  signal,
}: LogsOptions): Promise<SectionResult> {
  if (files.length === 0) return { findings: [noLogs()], looked: { files: 0, lines: 0, bytes: 0 } }
  const most = mebibytes * 1_048_576
  const parts = await Promise.all(files.map((path) => partOf(path, most)))
  const total = parts.reduce((sum, { bytes }) => sum + bytes, 0)
  const findings: Finding[] = []
  let [lines, bytes] = [0, 0]
  for (const part of parts) {
    const tally = new Map<string, Sum>()
    if (part.form === 'binary') {
      findings.push(noText(part))
      continue
    }
    try {
      for await (const line of linesOf(part, most, signal)) {
        lines += 1
        bytes += Buffer.byteLength(line) + 1
        if (lines % 10_000 === 0) onProgress?.(Math.min(bytes, total), total)
        look(line.slice(0, LONGEST_LINE), tally)
      }
    } catch (error) {
      signal?.throwIfAborted()
      findings.push(unreadable(part.path, (error as NodeJS.ErrnoException).code ?? 'unknown'))
    }
    findings.push(...[...tally.values()].map((sum) => findingOf(part.path, sum)))
  }
  onProgress?.(total, total)
  return { findings, looked: { files: files.length, lines, bytes } }
}

interface Sum {
  readonly kind: PiiKind
  readonly path: string
  count: number
}

function look(line: string, tally: Map<string, Sum>): void {
  for (const { path, text } of leavesOf(line)) {
    if (isQuiet(text)) continue
    for (const { kind, value } of findDeep(text)) {
      if (kind === 'ip' && LOCAL.test(value)) continue
      const key = `${kind} ${path}`
      const sum = tally.get(key) ?? { kind, path, count: 0 }
      sum.count += 1
      tally.set(key, sum)
    }
  }
}

interface Leaf {
  readonly path: string
  readonly text: string
}

/** A line of JSON by its fields; any other as it is. */
function* leavesOf(line: string): Generator<Leaf> {
  const value = line.startsWith('{') ? parsed(line) : undefined
  if (value === undefined) yield { path: '', text: line }
  else yield* within(value, '$')
}

const LARGE = 99_999_999

function* within(value: unknown, path: string): Generator<Leaf> {
  if (typeof value === 'string') yield { path, text: value }
  else if (typeof value === 'number' && Math.abs(value) > LARGE) yield { path, text: String(value) }
  else if (Array.isArray(value)) for (const inner of value) yield* within(inner, `${path}[*]`)
  else if (typeof value === 'object' && value !== null) yield* fieldsOf(value, path)
}

function* fieldsOf(value: object, path: string): Generator<Leaf> {
  for (const [name, inner] of Object.entries(value)) {
    if (path === '$' && OWN.has(name) && typeof inner === 'number') continue
    yield { path: `${path}.*`, text: name }
    yield* within(inner, `${path}.${isFieldName(name) ? name : '*'}`)
  }
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

const findingOf = (file: string, { kind, path, count }: Sum): Finding => ({
  severity: LESS.has(kind) ? 'medium' : 'high',
  section: 'logs',
  code: `logs.${kind}`,
  message: `${count} line(s) hold personal information (${kind})`,
  place: { file: shown(basename(file)), ...(path !== '' && { path }) },
  count,
  next: 'Remove these lines wherever the log was copied to, and find the line of code that writes them.',
})

const unreadable = (file: string, why: string): Finding => ({
  ...{ severity: 'medium', section: 'logs', code: 'logs.unreadable', count: 1 },
  message: `The log could not be read: ${why}`,
  place: { file: shown(basename(file)) },
  next: 'Check the name and the rights, and repeat the audit as a user who may read it.',
})

const noText = ({ path }: Part): Finding => ({
  ...{ severity: 'medium', section: 'logs', code: 'logs.no-text', count: 1 },
  message: 'The log is no text, nor text in gzip, so that nothing in it was looked at',
  place: { file: shown(basename(path)) },
  next: 'Unpack it, and repeat the audit with the file that comes out.',
})

const noLogs = (): Finding => ({
  ...{ severity: 'info', section: 'logs', code: 'logs.none', count: 0 },
  message: 'No logs were named, so that none were looked at: the application writes them to stderr',
  place: { file: 'logs' },
  next: 'Name the files they go to: --logs FILE, or GOGGA_LOG_FILES.',
})
