// What a server acknowledged, a JSON line each, in the order in which the answers came.
import { appendFileSync, readFileSync } from 'node:fs'
import type { Domain } from '../../src/database/domains.ts'

/** A row that must be there where the change took effect. */
export interface PlacedRow {
  readonly file: Domain
  readonly table: string
  /** Column → value; together they name one row. */
  readonly where: Readonly<Record<string, string>>
}

export interface Acknowledged {
  /** When the answer had arrived: the change was on disk before. */
  readonly at: string
  readonly what: string
  /** Id of whom it is about; null for nobody. */
  readonly person: string | null
  /** The first is of the file where the change began. */
  readonly rows: readonly PlacedRow[]
  /** Id of the message that carries it on into billing.db, for a change that began elsewhere. */
  readonly message: string | null
  /** What it adds to the balance of the person, or takes from it. */
  readonly credits: number
}

export const write = (file: string, entry: Acknowledged): void => appendFileSync(file, `${JSON.stringify(entry)}\n`)

export const read = (file: string): readonly Acknowledged[] =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Acknowledged)
