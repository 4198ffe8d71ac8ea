// What is judged of a chain's heads, and whose signatures count.
import type { Gathered } from './gathered-heads.ts'
import type { Walk } from './links.ts'
import type { ChainFinding } from './report.ts'

export interface JudgeOptions {
  readonly walk: Walk
  /** Of all three chains, in the order of time. */
  readonly heads: readonly Gathered[]
  readonly now: Date
  readonly trust: Trust
}

/**
 * Whose signatures are believed: `nobody`'s, since no public key is known; the `configured` key's, so that others may be those of
 * before; or those that were `given` by whoever asks, and no others.
 */
export type Trust = 'nobody' | 'configured' | 'given'

export type Say = (finding: Omit<ChainFinding, 'section' | 'place'>) => void

/** What the judges look at. */
export interface Case extends JudgeOptions {
  /** Of this chain: all, those whose signature is not wrong, and of those the ones that no believed restore took back. */
  readonly own: readonly Gathered[]
  readonly valid: readonly Gathered[]
  readonly binding: readonly Gathered[]
  /** Of `binding`, those that the chain leads to. */
  readonly fits: readonly Gathered[]
  readonly say: Say
}
