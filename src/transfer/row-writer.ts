// Turns the rows of one table of the unified database into rows of the new files.
import { type CatalogColumn, type CatalogModel, quote } from '../database/catalog.ts'
import type { Connection } from '../database/connections.ts'
import { FileError } from '../errors.ts'
import { emailKey } from '../identity/emails.ts'
import { type Bound, type Cell, RawText } from './cells.ts'
import { type CarriedColumn, carriedColumns, type FoundTable, knownTable } from './inspect.ts'
import { EXTRA_KEY, keyOf, namesPerson, PEOPLE } from './layout.ts'
import { extraColumns } from './plan.ts'
import type { Row } from './read-rows.ts'
import { fillerOf, type Rule, type RuleContext, ruleOf } from './rules.ts'
import type { Targets } from './target-files.ts'
import { typedInsert } from './typed-insert.ts'

export type WriteRow = (row: Row) => void

/** A column that is read at `from` of a row and written by its rule. */
interface Written {
  readonly name: string
  readonly from: number
  readonly rule: Rule
}

export function rowWriter(table: FoundTable, targets: Targets, context: RuleContext): WriteRow {
  const legacy = knownTable(table)
  if (!legacy) throw new Error(`${table.name} is not in the catalog`)
  const columns = carriedColumns(table)
  const written = (model: CatalogModel) => writtenColumns(table, columns, model, context)
  const setRow = rowSetter(table, columns, legacy.main, context)
  const main = mainWriter(targets[legacy.main.domain], legacy.main, written(legacy.main), setRow)
  const others = [
    ...legacy.moved.map((model) => movedWriter(targets[model.domain], model, written(model), context)),
    ...(extraColumns(table).length > 0 ? [extraWriter(targets, table, columns, context)] : []),
    ...(legacy.main === PEOPLE.model ? [spellingWriter(targets.scratch, columns, context)] : []),
  ]
  return (row) => {
    main(row)
    for (const write of others) write(row)
  }
}

const indexOf = (columns: readonly CarriedColumn[], model: CatalogModel, name: string): number =>
  columns.findIndex(({ place }) => place?.model === model && place.column.name === name)

function writtenColumns(
  table: FoundTable,
  columns: readonly CarriedColumn[],
  model: CatalogModel,
  context: RuleContext,
): Written[] {
  return columns.flatMap(({ name, place }, index): Written[] => {
    if (!place || place.model !== model) return []
    const rule = ruleOf({ place, table: table.name, column: name }, context)
    return [{ name: place.column.name, from: index + 1, rule }]
  })
}

/** Sets whose row it is, and gives its id, before any rule of the row is called. */
function rowSetter(table: FoundTable, columns: readonly CarriedColumn[], main: CatalogModel, { row }: RuleContext) {
  const key = indexOf(columns, main, keyOf(main)) + 1
  const person =
    main === PEOPLE.model ? key - 1 : columns.findIndex(({ place }) => place && namesPerson(main, place.column))
  return (cells: Row) => {
    const id = cells[key]
    if (id instanceof RawText || id === undefined) {
      throw new FileError(`${table.name} has an id that is no valid text`, {
        hint: 'Give that row another id in a copy of the file.',
      })
    }
    row.id = String(id)
    const owner = person < 0 ? null : cells[person + 1]
    row.owner = typeof owner === 'string' ? owner : null
  }
}

function mainWriter(
  connection: Connection,
  model: CatalogModel,
  columns: readonly Written[],
  setRow: (row: Row) => void,
): WriteRow {
  const fillers = absentFillers(connection, model, columns)
  const names = [...columns.map(({ name }) => name), ...fillers.map(({ name }) => name)]
  const sql = `insert into ${quote(model.name)} (${names.map(quote).join(', ')}) values (${names.map(() => '?').join(', ')})`
  const insert = connection.prepare(sql)
  const values: Bound[] = [...columns.map(() => null), ...fillers.map(({ value }) => value)]
  const rules = columns.map(({ rule }) => rule)
  const sources = columns.map(({ from }) => from)
  const count = rules.length
  return (row) => {
    setRow(row)
    for (let at = 0; at < count; at++) values[at] = (rules[at] as Rule)(row[sources[at] as number] as Cell)
    insert.run(values)
  }
}

/** Columns that the input's table lacks, as older versions of it do, and that have no constant default of their own. */
function absentFillers(connection: Connection, model: CatalogModel, columns: readonly Written[]) {
  const defaults = connection.prepare('select name from pragma_table_info(?) where dflt_value is not null').pluck()
  const withDefault = new Set(defaults.all(model.name))
  // A default time is the time of the insert: nothing that the row ever said.
  const hasFiller = ({ name, nullable, type }: CatalogColumn) =>
    !nullable && (type === 'time' || !withDefault.has(name))
  return model.columns
    .filter((column) => hasFiller(column) && !columns.some(({ name }) => name === column.name))
    .map((column) => ({ name: column.name, value: fillerOf(column) }))
}

/** Columns that moved to a table of their own: a row there only where there is something. */
function movedWriter(
  connection: Connection,
  model: CatalogModel,
  columns: readonly Written[],
  context: RuleContext,
): WriteRow {
  const names = [keyOf(model), ...columns.map(({ name }) => name)].map(quote)
  const insert = connection.prepare(
    `insert into ${quote(model.name)} (${names.join(', ')}) values (${names.map(() => '?').join(', ')})`,
  )
  return (row) => {
    if (columns.every(({ from }) => row[from] === null)) return
    insert.run(context.row.id, ...columns.map(({ from, rule }) => rule(row[from] as Cell)))
  }
}

/** Unknown columns go to unassigned.db, beside the id of their row. */
function extraWriter(
  targets: Targets,
  table: FoundTable,
  columns: readonly CarriedColumn[],
  context: RuleContext,
): WriteRow {
  const { unassigned } = targets
  if (!unassigned) throw new Error(`${table.name} has unknown columns, and there is no file for them`)
  const extras = extraColumns(table).map(({ name }) => name)
  const from = extras.map((name) => columns.findIndex((column) => column.name === name) + 1)
  const insert = typedInsert(unassigned, table.name, [EXTRA_KEY, ...extras])
  return (row) => insert([context.row.id, ...from.map((at) => row[at] as Cell)])
}

/** Notes users whose email has capitals or spaces around it, for `Subjects`. */
function spellingWriter(scratch: Connection, columns: readonly CarriedColumn[], context: RuleContext): WriteRow {
  const insert = scratch.prepare('insert into spelling (key, id) values (?, ?)')
  const at = indexOf(columns, PEOPLE.model, PEOPLE.email.name) + 1
  return (row) => {
    const email = row[at]
    if (typeof email === 'string' && emailKey(email) !== email) insert.run(emailKey(email), context.row.id)
  }
}
