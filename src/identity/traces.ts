// Where addresses stand in identity.db outside the rows that bear their owner's id: as people typed them, in any case. Tables
// without an index for that are read once, in portions, so that a server goes on in between; whatever came since is read
// again in the transaction that erases.
import type { Rows } from '../database/rows.ts'
import { emailKey, mentionsEmail } from './emails.ts'

/** A row that holds an address as its value. */
export interface Trace {
  readonly id: string
  /** The email key. */
  readonly key: string
  readonly createdAt: string
}

export interface Traces {
  readonly keys: ReadonlySet<string>
  /** Spellings in the log of the door, by email key. */
  readonly typed: Spellings
  readonly tokens: Map<string, Trace>
  readonly values: Map<string, Trace>
  /** Rows of the log of the door whose words mention an address, whoever they are of. */
  readonly words: Map<string, Trace>
  /** Rowids of originals that contain an address; they bear no time. */
  readonly originals: Map<number, string>
}

const PORTION = 20_000
const CHOSEN = 'select value from json_each(?)'
/** SQLite's lower() knows ASCII alone: whatever is beyond it is judged here. A glob would cost three times as much. */
const FITS = (column: string) =>
  `(lower(trim(${column}, char(9, 10, 11, 12, 13, 32))) in (${CHOSEN}) or length(${column}) <> octet_length(${column}))`

/** Look on from where an earlier look ended; everything where there was none. */
export interface From {
  readonly AuthLog: number
  readonly LoginToken: number
  readonly DetachedValue: number
  readonly LegacyOriginal: number
}

const BEGINNING: From = { AuthLog: 0, LoginToken: 0, DetachedValue: 0, LegacyOriginal: 0 }

export const noTraces = (keys: Iterable<string>): Traces => ({
  keys: new Set(keys),
  typed: new Map(),
  tokens: new Map(),
  values: new Map(),
  words: new Map(),
  originals: new Map(),
})

/** `_rowid_`, since two of the tables have a column rowId. Taken before a look: what is written meanwhile lies behind it. */
export function endOf(rows: Rows<'identity'>): From {
  const last = (table: keyof From) =>
    rows.all<{ at: number | null }>(`select max(_rowid_) as at from "${table}"`)[0]?.at ?? 0
  return {
    AuthLog: last('AuthLog'),
    LoginToken: last('LoginToken'),
    DetachedValue: last('DetachedValue'),
    LegacyOriginal: last('LegacyOriginal'),
  }
}

/** All at once. Adds to `traces`. */
export function lookForTraces(rows: Rows<'identity'>, traces: Traces, from: From = BEGINNING): void {
  for (const _ of looking(rows, traces, from));
}

/** A portion at a time, a few milliseconds each; the caller waits in between. Adds to `traces`. */
export function* looking(rows: Rows<'identity'>, traces: Traces, from: From = BEGINNING): Generator<void> {
  if (traces.keys.size === 0) return
  if (from.AuthLog === 0) yield* spellingsIn(rows, 'AuthLog', traces.keys, traces.typed)
  else yield* typedSince(rows, traces, from.AuthLog)
  yield* equal(rows, traces, 'LoginToken', 'email', traces.tokens, from.LoginToken)
  yield* equal(rows, traces, 'DetachedValue', 'value', traces.values, from.DetachedValue)
  yield* mentioning(rows, traces, from.AuthLog)
  yield* containing(rows, traces, from.LegacyOriginal)
}

/** Email key → the spellings of it. */
export type Spellings = Map<string, Set<string>>

function note(keys: ReadonlySet<string>, found: Spellings, email: string): void {
  const key = emailKey(email)
  if (keys.has(key)) found.set(key, (found.get(key) ?? new Set()).add(email))
}

/** Reads the index of emails, which is far smaller than the table, a portion at a time. Adds to `found`. */
export function* spellingsIn(
  rows: Rows<'identity'>,
  table: 'AuthLog' | 'User',
  keys: ReadonlySet<string>,
  found: Spellings,
): Generator<void> {
  const chosen = JSON.stringify([...keys])
  for (let from = ''; ; yield) {
    const [until] = rows.all<{ email: string }>(
      `select email from "${table}" where email > ? order by email limit 1 offset ${PORTION}`,
      from,
    )
    const [bound, values] = until ? ['and email <= ?', [until.email]] : ['', []]
    const fitting = rows.all<{ email: string }>(
      `select distinct email from "${table}" where email > ? ${bound} and ${FITS('email')}`,
      ...[from, ...values, chosen],
    )
    for (const { email } of fitting) note(keys, found, email)
    if (!until) return
    from = until.email
  }
}

function* typedSince(rows: Rows<'identity'>, traces: Traces, from: number): Generator<void> {
  const keys = JSON.stringify([...traces.keys])
  const sql = `select distinct email from "AuthLog" where _rowid_ > ? and ${FITS('email')}`
  for (const { email } of rows.all<{ email: string }>(sql, from, keys)) note(traces.keys, traces.typed, email)
  yield
}

function* equal(
  rows: Rows<'identity'>,
  { keys }: Traces,
  table: 'LoginToken' | 'DetachedValue',
  column: string,
  found: Map<string, Trace>,
  from: number,
): Generator<void> {
  const chosen = JSON.stringify([...keys])
  const sql = `select id, ${column} as text, createdAt from "${table}" where _rowid_ > ? and _rowid_ <= ? and ${FITS(column)}`
  for (const [low, high] of portions(rows, table, from)) {
    for (const { id, text, createdAt } of rows.all<{ id: string; text: string; createdAt: string }>(
      sql,
      low,
      high,
      chosen,
    )) {
      const key = emailKey(text)
      if (keys.has(key)) found.set(id, { id, key, createdAt })
    }
    yield
  }
}

function* mentioning(rows: Rows<'identity'>, { keys, words }: Traces, from: number): Generator<void> {
  // Few rows have an @ in their words: which address they mention is judged here.
  const sql = `select id, meta as text, createdAt from "AuthLog" where _rowid_ > ? and _rowid_ <= ? and instr(meta, '@') > 0`
  for (const [low, high] of portions(rows, 'AuthLog', from)) {
    for (const { id, text, createdAt } of rows.all<{ id: string; text: string; createdAt: string }>(sql, low, high)) {
      const key = [...keys].find((one) => mentionsEmail(text, one))
      if (key !== undefined) words.set(id, { id, key, createdAt })
    }
    yield
  }
}

/** Originals are whole cells of the unified database, of any kind: bytes are compared as the text that they may be. */
function* containing(rows: Rows<'identity'>, { keys, originals }: Traces, from: number): Generator<void> {
  const sql = `select o._rowid_ as at, k.value as key, cast(o.value as text) as text
    from "LegacyOriginal" o join json_each(?) k
    on length(o.value) >= length(k.value) and (instr(lower(cast(o.value as text)), k.value) > 0
      or (length(k.value) <> octet_length(k.value) and instr(o.value, '@') > 0))
    where o._rowid_ > ? and o._rowid_ <= ?`
  for (const [low, high] of portions(rows, 'LegacyOriginal', from)) {
    const found = rows.all<{ at: number; key: string; text: string }>(sql, JSON.stringify([...keys]), low, high)
    for (const { at, key, text } of found) if (mentionsEmail(text, key)) originals.set(at, key)
    yield
  }
}

function* portions(rows: Rows<'identity'>, table: keyof From, from: number): Generator<readonly [number, number]> {
  const end = endOf(rows)[table]
  for (let low = from; low < end; low += PORTION) yield [low, low + PORTION]
}
