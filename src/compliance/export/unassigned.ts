// What a split could not place is in unassigned.db, in tables and columns that no catalog knows: rows that name the person by id,
// and cells that hold an address of theirs.
import type { CatalogModel } from '../../database/catalog.ts'
import type { Connection } from '../../database/connections.ts'
import { holderOf } from '../erasure/text-finder.ts'
import { EXTRA_KEY, knownModel, openUnassigned, tablesIn, textIn, type UnassignedTable } from '../erasure/unassigned.ts'
import type { ExportEvent, TableHead } from './events.ts'
import type { Person } from './person.ts'
import { OF_ANOTHER, type Shown } from './shown.ts'

const TURN_ROWS = 5_000

/** Gives how many rows there were. Nothing where there is no such file. */
export function* unassignedEvents(path: string, person: Person, isTheirs: IsTheirs): Generator<ExportEvent, number> {
  const connection = openUnassigned(path, true)
  if (!connection) return 0
  try {
    const emails = [...person.addresses.map(({ key }) => key), ...(person.email === null ? [] : [person.email])]
    const holds = holderOf(emails.map((value) => ({ kind: 'email', value })))
    let sum = 0
    for (const table of tablesIn(connection).filter(({ columns }) => columns.length > 0))
      sum += yield* tableEvents(connection, table, { ids: person.ids, holds, isTheirs })
    return sum
  } finally {
    connection.close()
  }
}

/** Whether the row of a known table with this key leads to the person. */
export type IsTheirs = (model: CatalogModel, key: string) => boolean

interface Sought {
  readonly ids: readonly string[]
  readonly holds: (text: string) => boolean
  readonly isTheirs: IsTheirs
}

function* tableEvents(connection: Connection, table: UnassignedTable, sought: Sought): Generator<ExportEvent, number> {
  yield { type: 'table', table: headOf(table) }
  let [seen, rows] = [0, 0]
  const list = table.columns.map(({ name }) => `"${name.replaceAll('"', '""')}"`).join(', ')
  const statement = connection.prepare(`select ${list} from "${table.name.replaceAll('"', '""')}"`)
  for (const row of statement.iterate() as IterableIterator<Record<string, unknown>>) {
    if (++seen % TURN_ROWS === 0) yield { type: 'turn' }
    const shown = shownOf(table, row, sought)
    if (!shown) continue
    rows += 1
    yield { type: 'row', row: shown }
  }
  yield { type: 'table-end', rows }
  return rows
}

/** Of a row that names somebody else, only what holds the person's address. Undefined where nothing is theirs. */
function shownOf(
  table: UnassignedTable,
  row: Readonly<Record<string, unknown>>,
  { ids, holds, isTheirs }: Sought,
): Record<string, Shown> | undefined {
  const { columns } = table
  const model = knownModel(table)
  const named = columns.filter(({ namesPerson }) => namesPerson).map(({ name }) => textIn(row[name]))
  const isOwn = named.some((id) => ids.includes(id)) || (model !== undefined && isTheirs(model, textIn(row[EXTRA_KEY])))
  const holding = new Set(columns.map(({ name }) => name).filter((name) => holds(textIn(row[name]))))
  if (!isOwn && holding.size === 0) return undefined
  const isOfAnother = !isOwn && named.some((id) => id !== '')
  return Object.fromEntries(
    columns.map(({ name }) => [name, isOfAnother && !holding.has(name) ? OF_ANOTHER : cellOf(row[name])]),
  )
}

const cellOf = (cell: unknown): Shown => {
  if (cell === null || cell === undefined) return null
  return typeof cell === 'number' ? cell : textIn(cell)
}

const headOf = ({ name, columns }: UnassignedTable): TableHead => ({
  file: 'unassigned.db',
  table: name,
  isAccess: false,
  about: 'What the split of the unified database could not place: no catalog knows this table, or these columns of it.',
  why: 'No purpose is written down for this table.',
  ground: 'none written down',
  purposes: [],
  retention: 'No period is written down.',
  through: ['a column holds your subject id, or an address of yours stands in it'],
  columns: columns.map((column) => ({
    name: column.name,
    class: 'unknown',
    about: column.namesPerson ? 'Names a person, by its name.' : 'Nothing is known of it.',
  })),
})
