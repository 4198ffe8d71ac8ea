// Everything that a search needs, in flat arrays: a million values leave no objects behind.
import { type Anchors, buildAnchors } from './anchors.ts'
import type { Blocks, NeedleStore } from './needle-store.ts'
import { buildNumbers, type Numbers } from './numbers.ts'
import { buildWindows, type Windows } from './windows.ts'

export interface NeedleTable {
  readonly blocks: Blocks
  readonly anchors: Anchors
  readonly windows: readonly Windows[]
  readonly numbers: Numbers | undefined
}

/** The store takes nothing more afterwards. Records without an `@` have at least SHORTEST bytes (kinds.ts). */
export function buildTable(store: NeedleStore): NeedleTable {
  store.close()
  const windows = ([8, 4] as const).flatMap((width) => buildWindows(store, width) ?? [])
  return { blocks: store.blocks, anchors: buildAnchors(store), windows, numbers: buildNumbers(store) }
}
