// What a server looks at by itself, in two turns: most checks often, and once a day also those that read every page of a
// file, or write.
import { CHECKS } from './checks.ts'
import type { Finding } from './finding.ts'

export const TURNS = ['often', 'whole'] as const
export type Turn = (typeof TURNS)[number]

/** They take as long as the file is large, and what they find does not come within minutes. */
const RARE: readonly string[] = ['integrity', 'foreign keys', 'traces', 'secure delete']

/** Names of the checks of a turn. */
export const checksOf = (turn: Turn): readonly string[] =>
  Object.keys(CHECKS).filter((name) => turn === 'whole' || !RARE.includes(name))

/** One turn that came to its end. */
export interface Checked {
  readonly turn: Turn
  /** When it began: what came later is not in it. */
  readonly at: Date
  readonly tookMs: number
  readonly findings: readonly Finding[]
}

/** A whole turn looks at all that the others do. */
export const newestOf = (often: Checked | undefined, whole: Checked | undefined): Checked | undefined =>
  whole && (!often || whole.at >= often.at) ? whole : often

/** What is known now: of the newest turn, and what only a whole one looks for of the last of those. */
export function newestFindings(often: Checked | undefined, whole: Checked | undefined): readonly Finding[] {
  const newest = newestOf(often, whole)
  if (!newest || !whole || newest === whole) return newest?.findings ?? []
  return [...newest.findings, ...whole.findings.filter(({ check }) => RARE.includes(check))]
}
