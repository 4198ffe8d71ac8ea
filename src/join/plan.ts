// A request's shape, compiled once: its statements are prepared on the readers, its functions written out.

import { quote } from '../database/catalog.ts'
import { type Comparison, compileCompared } from './compared.ts'
import { compileDrive, type Drive } from './drive.ts'
import { compileExpand, type Expansion, linksOf, type Subject, subjectOf } from './expand.ts'
import type { Files, Kept } from './files.ts'
import { type ExpandNode, type FilterNode, resolve, type Shape, type Words } from './request.ts'
import { type Build, builder } from './rows.ts'
import { allColumns } from './statements.ts'
import { isGuarded } from './tables.ts'
import type { JoinOptions } from './types.ts'

export interface Answer {
  readonly shape: Shape
  readonly build: Build
  readonly expansions: readonly Expansion[]
  readonly subject: Subject | undefined
  /** For what a filter reads behind links. */
  readonly compared: readonly Comparison[]
  /** Bits of the files that are read more than once. */
  readonly snapshots: number
}

export interface PagePlan extends Answer {
  readonly drive: Drive
}

export interface OnePlan extends Answer {
  readonly statement: Kept
}

export function planPage(words: Words, files: Files, options: JoinOptions): PagePlan {
  const shape = resolve(words)
  const drive = compileDrive(shape, files, options)
  return { ...answerOf(shape, files, drive.isLocal), drive }
}

export function planOne(words: Words, files: Files): OnePlan {
  const shape = resolve(words)
  const { table } = shape
  const sql = `select ${allColumns('r', table)} from ${quote(table.name)} r where r.${quote(table.key)} = ?`
  return { ...answerOf(shape, files, true), statement: files[table.domain].prepare(sql) }
}

function answerOf(shape: Shape, files: Files, isLocal: boolean): Answer {
  const { table, filter, expand, masked, isMasked } = shape
  return {
    shape,
    build: builder(table, 0, linksOf(expand), isMasked),
    expansions: compileExpand(expand, table, 0, { files, masked, isMasked }),
    subject: masked ? undefined : subjectOf(table, 0),
    compared: masked ? [] : compileCompared(filter, files, subjectOf),
    snapshots: snapshotsOf(shape, files, isLocal),
  }
}

/** One statement sees one state of its file anyway; a snapshot costs two more statements. */
function snapshotsOf(shape: Shape, files: Files, isLocal: boolean): number {
  let once = files[shape.table.domain].bit
  let again = 0
  const read = (bit: number, isRepeated = false) => {
    if (isRepeated || (once & bit) !== 0) again |= bit
    once |= bit
  }
  const readExpanded = (node: ExpandNode) => {
    read(files[node.table.domain].bit)
    node.children.forEach(readExpanded)
  }
  const readFiltered = (node: FilterNode) => {
    read(files[node.table.domain].bit, true)
    node.children.forEach(readFiltered)
  }
  // A cursor's sort values may have to be read again.
  if (shape.sort.keys.some(({ column }) => isGuarded(column))) read(files[shape.sort.table.domain].bit, true)
  shape.expand.forEach(readExpanded)
  if (isLocal) return again
  readFiltered(shape.filter)
  for (const link of shape.sort.links) read(files[link.to.domain].bit, true)
  return again
}
