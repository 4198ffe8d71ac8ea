// What a repair may touch, counted before anything changes.
import { quote } from '../../database/catalog.ts'
import { isRepairable, isTargetLost, type LinkEnd, nameOfLink, orphansOf } from './links.ts'
import { moneyRows } from './money.ts'
import type { Readers } from './view.ts'

export interface Left {
  readonly link: string
  readonly rows: number
  /**
   * `money`: never repaired. `target lost`: nothing is there that it could name, so that the other file was lost. `too many`: more
   * than `MANY`. `changed meanwhile`: by somebody else.
   */
  readonly why: 'money' | 'target lost' | 'too many' | 'changed meanwhile'
}

export interface Planned {
  readonly end: LinkEnd
  readonly rows: number
}

/** Of the rows that name anything, more than this share and more than this number: then something else is wrong. */
const MANY = { share: 0.1, rows: 100 } as const

/** Of links whose policy changes rows: what would change, and what stays as it is, and why. */
export function planRepair(
  ends: readonly LinkEnd[],
  readers: Readers,
  evenIfMany: boolean,
): { readonly todo: readonly Planned[]; readonly left: readonly Left[] } {
  const todo: Planned[] = []
  const left: Left[] = []
  for (const end of ends) {
    const link = nameOfLink(end)
    const { free, money } = count(end, readers)
    if (money > 0) left.push({ link, rows: money, why: 'money' })
    if (free === 0) continue
    const why = evenIfMany ? undefined : reasonAgainst(end, free, readers)
    if (why) left.push({ link, rows: free, why })
    else todo.push({ end, rows: free })
  }
  return { todo, left }
}

function count(end: LinkEnd, readers: Readers): { readonly free: number; readonly money: number } {
  let [free, money] = [0, 0]
  const condition = moneyRows(end.model)
  const [table, column] = [quote(end.model.name), quote(end.link.column)]
  const paid =
    condition &&
    readers[end.model.domain]?.prepare(`select count(*) from ${table} where ${column} = ? and ${condition}`).pluck()
  for (const missing of orphansOf(end, readers)) {
    if (!missing) continue
    const about = isRepairable(end) ? (paid ? (paid.get(missing.key) as number) : 0) : missing.rows
    money += about
    free += missing.rows - about
  }
  return { free, money }
}

function reasonAgainst(end: LinkEnd, rows: number, readers: Readers): Left['why'] | undefined {
  if (isTargetLost(end, readers)) return 'target lost'
  if (rows <= MANY.rows) return undefined
  const [table, column] = [quote(end.model.name), quote(end.link.column)]
  const all = readers[end.model.domain]?.prepare(`select count(${column}) from ${table}`).pluck().get() as number
  return rows > all * MANY.share ? 'too many' : undefined
}
