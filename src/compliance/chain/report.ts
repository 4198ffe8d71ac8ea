// What the verification of the chains says.
import type { Domain } from '../../database/domains.ts'
import type { Finding } from '../audit/finding.ts'

export interface ChainReport {
  readonly at: string
  /** Nothing of high or medium severity was found. */
  readonly passed: boolean
  readonly chains: readonly ChainSummary[]
  readonly findings: readonly ChainFinding[]
}

export interface ChainSummary {
  readonly domain: Domain
  readonly logs: readonly string[]
  readonly links: number
  /** That are there and are as they were written. */
  readonly rows: number
  /** Rows that are gone, and whose links say that they were kept for as long as the schema says. */
  readonly removedByRetention: number
  /** Position and hash of the newest link. */
  readonly end: { readonly position: number; readonly hash: string }
  /** How many statements about it there are. */
  readonly heads: number
  /** The newest that fits; null where there is none. */
  readonly newestHead: {
    readonly id: string
    readonly at: string
    readonly position: number
    readonly keyId: string | null
  } | null
}

export interface ChainFinding extends Finding {
  readonly section: 'chain'
  /** Keys of rows, at most `MOST_IDS` of `count`; `*` where one looks like personal information. */
  readonly rows?: readonly string[]
  /** Of the first link that it is about. */
  readonly position?: number
}

export const MOST_IDS = 20

/** Of one code and table, collected. */
export class Collected {
  readonly ids: string[] = []
  position: number | undefined
  count = 0

  add(position: number, id?: string): void {
    this.count += 1
    this.position ??= position
    if (id !== undefined && this.ids.length < MOST_IDS) this.ids.push(id)
  }
}
