/**
 * Everything that is held about a person (POPIA section 23), out of all three files by the catalog: each table that leads to
 * them, with what it is for, how long it is kept and what its columns mean; and who had access. A stream of events, which
 * json.ts, html.ts and pdf.ts write down.
 */
import { allModels, type CatalogModel } from '../../database/catalog.ts'
import type { Connection } from '../../database/connections.ts'
import type { Domain } from '../../database/domains.ts'
import { rowsOver } from '../../database/rows.ts'
import { PURPOSES } from '../../identity/purposes.ts'
import { meaningOf } from '../data-map/meanings.ts'
import { purposeOfTable, retentionOf } from '../data-map/purposes-of.ts'
import type { ColumnHead, ExportEvent, Head, TableHead, Untouched } from './events.ts'
import { findPerson, type Person } from './person.ts'
import { isAbout, query, type Reading, rowsByKey, rowsOf, TURN } from './reading.ts'
import { type Shown, shownRow } from './shown.ts'
import { type IsTheirs, unassignedEvents } from './unassigned.ts'
import { waysIn, wordsOf } from './ways.ts'

export type { ExportEvent, Head, TableHead, Untouched } from './events.ts'

export interface ExportOptions {
  readonly readers: Readonly<Record<Domain, Connection>>
  readonly person: Person
  readonly now: Date
  /** Where a split puts what it cannot place; need not be there. */
  readonly unassigned?: string | undefined
  /** The catalog, unless a test brings another. */
  readonly models?: readonly CatalogModel[]
}

const LAW = 'Protection of Personal Information Act 4 of 2013 (POPIA), section 23'
const NOTES = [
  'Times in rows are in UTC, which the Z at their end says: South African time is two hours later. Amounts are in cents.',
  'Subject ids stand for people: yours are listed above; any other is somebody else, whom only identity.db can name.',
  'Secrets (hashes, tokens) and codes that are worth something are kept but not exported; where there is one, it says so.',
  'Where a text holds "pii:" and a number, information of somebody else was taken out of it.',
  'You may ask for a correction or deletion (section 24) and object to processing (section 11(3)), and complain to the Information Regulator.',
]

/** Throws as findPerson does. */
export const personIn = ({ identity }: Pick<ExportOptions['readers'], 'identity'>, idOrEmail: string): Person =>
  findPerson(rowsOver('identity', identity), idOrEmail)

export function* exportPerson({
  readers,
  person,
  now,
  unassigned,
  models = allModels,
}: ExportOptions): Generator<ExportEvent> {
  const reading: Reading = { readers, models, waysOf: waysIn(models), person }
  yield { type: 'head', head: headOf(person, now) }
  const leading = models.filter((model) => reading.waysOf(model).length > 0)
  let sum = 0
  for (const model of [...leading.filter((one) => !isAccessLog(one)), ...leading.filter(isAccessLog)]) {
    yield { type: 'table', table: tableOf(reading, model) }
    let rows = 0
    for (const row of rowsOf(reading, model)) {
      if (row === TURN) {
        yield { type: 'turn' }
        continue
      }
      rows += 1
      const shown = shownRow(reading, model, row)
      yield {
        type: 'row',
        row: isAccessLog(model) ? { ...shown, ...readerOf(reading, row.apiKeyId, row.purpose) } : shown,
      }
    }
    sum += rows
    yield { type: 'table-end', rows }
  }
  const isTheirs: IsTheirs = (model, key) =>
    rowsByKey(reading, model, model.key[0] ?? '', key).some((row) => isAbout(reading, model, row))
  if (unassigned !== undefined) sum += yield* unassignedEvents(unassigned, person, isTheirs)
  const untouched = models.filter((model) => !leading.includes(model)).map(untouchedOf)
  yield { type: 'end', untouched, rows: sum }
}

function headOf({ ids, kind, isAdministrator, email, addresses }: Person, now: Date): Head {
  const spans = addresses.map(({ key, since, until }) => ({ address: key, since: since || null, until }))
  const subject = { ids, kind, isAdministrator, email, addresses: spans }
  return { format: 'gogga-access/1', law: LAW, madeAt: now.toISOString(), subject, notes: NOTES }
}

const isAccessLog = ({ domain, name }: CatalogModel): boolean => domain === 'identity' && name === 'AccessLog'

const UNWRITTEN = { why: 'No purpose is written down for this table.', ground: 'none written down', purposes: [] }

function tableOf(reading: Reading, model: CatalogModel): TableHead {
  const { why, ground, purposes } = purposeOfTable(model) ?? UNWRITTEN
  const columns = model.columns.map((column) => ({
    name: column.name,
    class: column.class,
    about: meaningOf(model, column),
  }))
  return {
    ...untouchedOf(model),
    isAccess: isAccessLog(model),
    ...{ why, ground, purposes },
    retention: retentionOf(model),
    through: reading.waysOf(model).map(wordsOf),
    columns: isAccessLog(model) ? [...columns, ...READER] : columns,
  }
}

const untouchedOf = ({ domain, name, about = '' }: CatalogModel): Untouched => ({
  file: `${domain}.db`,
  table: name,
  about,
})

const READER: readonly ColumnHead[] = [
  { name: 'reader', class: 'added', about: 'Whose key it was.' },
  { name: 'purposeWords', class: 'added', about: 'What the register of purposes says of the purpose.' },
]

function readerOf({ readers }: Reading, keyId: unknown, purpose: unknown): Record<string, Shown> {
  const [key] = query<{ name: string }>(readers.identity, 'select name from "ApiKey" where id = ?', keyId)
  const words = PURPOSES.find(({ id }) => id === purpose)?.description
  return { reader: key?.name ?? null, purposeWords: words ?? null }
}
