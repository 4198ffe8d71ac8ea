// What one file's adapter knows of its own work, for metrics and tests.
import type { Durations } from './durations.ts'

export interface AdapterStatistics {
  /** Texts compiled since the file was opened. */
  readonly prepared: { readonly reader: number; readonly writer: number }
  /** Texts that were compiled already when they came. */
  readonly hits: { readonly reader: number; readonly writer: number }
  /** Writes that wait for their turn; changes that wait share one. */
  readonly waiting: number
  readonly changesWaiting: number
  readonly durations: {
    /** Of turns of the writer: waiting for one, and having it. */
    readonly wait: Durations
    readonly hold: Durations
    /** The statements of a change, and its COMMIT with the sync to disk, which it may share. */
    readonly change: Durations
    readonly commit: Durations
  }
}
