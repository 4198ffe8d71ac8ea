// Statements on the three read connections, and one request's use of them: a snapshot per file, and figures per file.
import type { Statement } from 'better-sqlite3'
import { LRUCache } from 'lru-cache'
import type { Connection } from '../database/connections.ts'
import { DOMAINS, type Domain } from '../database/domains.ts'
import { Durations } from '../database/durations.ts'
import { knownError } from '../database/errors.ts'
import type { Parameter } from './values.ts'

export type Raw = readonly (string | number | null)[]
type RawStatement = Statement<unknown[], Raw>

/** A prepared statement and the file that it reads. SQLite compiles it anew when the file's schema changed. */
export interface Kept {
  readonly file: OpenFile
  readonly statement: RawStatement
  readonly sql: string
}

const MAX_STATEMENTS = 1_000

/** One file: its connection, the statements kept for it, and its bit in a set of files. */
export class OpenFile {
  readonly domain: Domain
  readonly bit: number
  /** Of single statements. */
  readonly durations = new Durations()
  /** Statements that were compiled already, and those that were compiled. */
  readonly counts = { hits: 0, prepared: 0 }
  readonly #connection: Connection
  readonly #kept = new LRUCache<string, Kept>({ max: MAX_STATEMENTS })
  readonly #begin: Statement
  readonly #commit: Statement

  constructor(domain: Domain, connection: Connection) {
    this.domain = domain
    this.bit = 1 << DOMAINS.indexOf(domain)
    this.#connection = connection
    this.#begin = connection.prepare('begin')
    this.#commit = connection.prepare('commit')
  }

  prepare(sql: string): Kept {
    const known = this.#kept.get(sql)
    if (known) {
      this.counts.hits += 1
      return known
    }
    this.counts.prepared += 1
    const statement = this.#connection.prepare<unknown[], Raw>(sql).raw(true)
    const kept = { file: this, statement, sql }
    this.#kept.set(sql, kept)
    return kept
  }

  /** A snapshot begins with the first statement after this. */
  begin(): void {
    this.#begin.run()
  }

  /** A failed statement may have ended the snapshot already. */
  end(): void {
    if (this.#connection.inTransaction) this.#commit.run()
  }
}

export type Files = Readonly<Record<Domain, OpenFile>>

export function openFiles(readers: Readonly<Record<Domain, Connection>>): Files {
  const open = (domain: Domain) => new OpenFile(domain, readers[domain])
  return { identity: open('identity'), billing: open('billing'), admin: open('admin') }
}

export interface Figures {
  readonly domain: Domain
  rows: number
  statements: number
  microseconds: number
}

export interface RunOptions {
  /** Bits of the files that may be read more than once: these are read in a snapshot. */
  readonly snapshots: number
  readonly sources: boolean
  readonly before: ((domain: Domain, sql: string) => void) | undefined
}

/** One request. `end` must follow, whatever happens. */
export class Run {
  readonly figures: Figures[] | undefined
  readonly #snapshots: number
  readonly #before: RunOptions['before']
  #open = 0
  readonly #begun: OpenFile[] = []

  constructor({ snapshots, sources, before }: RunOptions) {
    this.#snapshots = snapshots
    this.#before = before
    this.figures = sources ? [] : undefined
  }

  all({ file, statement, sql }: Kept, parameters: readonly Parameter[]): Raw[] {
    try {
      if ((this.#snapshots & ~this.#open & file.bit) !== 0) this.#begin(file)
      this.#before?.(file.domain, sql)
      const start = performance.now()
      const rows = statement.all(parameters)
      const milliseconds = performance.now() - start
      file.durations.observe(milliseconds)
      if (this.figures !== undefined) account(this.figures, file.domain, rows.length, milliseconds * 1_000)
      return rows
    } catch (error) {
      throw knownError(error, file.domain) ?? error
    }
  }

  /** Ends every snapshot. */
  end(): void {
    for (const file of this.#begun) file.end()
  }

  #begin(file: OpenFile): void {
    file.begin()
    this.#open |= file.bit
    this.#begun.push(file)
  }
}

function account(figures: Figures[], domain: Domain, rows: number, microseconds: number): void {
  let own = figures.find((figure) => figure.domain === domain)
  if (own === undefined) {
    own = { domain, rows: 0, statements: 0, microseconds: 0 }
    figures.push(own)
  }
  own.rows += rows
  own.statements += 1
  own.microseconds += microseconds
}
