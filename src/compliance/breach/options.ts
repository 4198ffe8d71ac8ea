// What is asked about a file that was taken.
import type { Connection } from '../../database/connections.ts'
import type { Domain } from '../../database/domains.ts'
import type { Period } from './period.ts'

export interface NamingOptions extends Period {
  readonly domain: Domain
  readonly paths: Readonly<Record<Domain, string>>
  /** Of the file itself. */
  readonly reader: Connection
  /** Undefined where there is none: nothing can be compared then. */
  readonly identity: Connection | undefined
  /** `total` is 0 where nobody knows it. */
  readonly onProgress?: ((phase: 'bytes' | 'values', done: number, total: number, what: string) => void) | undefined
  readonly signal?: AbortSignal | undefined
}
