// Rows of a log by key. Links come in the order of writing, and so do rows: the next row is mostly the one that is asked for,
// and reading on costs a fraction of looking up. What is out of order is looked up.
import { type CatalogModel, quote } from '../../database/catalog.ts'
import type { Connection } from '../../database/connections.ts'
import type { Stored } from '../../database/row-codec.ts'

export type Row = Readonly<Record<string, Stored>>

type Numbered = Row & { readonly rowid: number }

const PORTION = 500

export function rowsInOrder(model: CatalogModel, reader: Connection): (key: string) => Row | undefined {
  const [table, key] = [quote(model.name), model.key[0] ?? '']
  const byKey = reader.prepare<[string], Numbered>(`select rowid, * from ${table} where ${quote(key)} = ?`)
  const after = reader.prepare<[number], Numbered>(
    `select rowid, * from ${table} where rowid > ? order by rowid limit ${PORTION}`,
  )
  let [portion, at]: [readonly Numbered[], number] = [[], 0]
  let [isOver, last] = [false, 0]
  const goTo = (rowid: number) => {
    ;[portion, at, last] = [after.all(rowid), 0, rowid]
    isOver = portion.length === 0
  }
  const next = (): Numbered | undefined => {
    if (at >= portion.length && !isOver) goTo(last)
    return portion[at]
  }
  return (wanted) => {
    const candidate = next()
    const found = candidate?.[key] === wanted ? candidate : byKey.get(wanted)
    if (!found || !candidate || found.rowid < candidate.rowid) return found
    // One that no link names stands in between: go on behind the one that was asked for.
    if (found !== candidate) at = portion.findIndex(({ rowid }) => rowid === found.rowid)
    if (at < 0) goTo(found.rowid)
    else at += 1
    last = found.rowid
    return found
  }
}
