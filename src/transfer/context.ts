// What split and merge are handed instead of reaching for it: time, randomness, a place to tell how far they are.

export type Phase = 'read' | 'plan' | 'copy' | 'verify' | 'publish'

export interface ProgressEvent {
  readonly phase: Phase
  /** Bytes in the read phase, rows in the copy and verify phases, steps in the others. */
  readonly done: number
  readonly total: number
  /** The table or file at work. */
  readonly what?: string
}

export interface TransferContext {
  now(): Date
  /** 24 characters of [0-9a-z] that nobody can guess. */
  randomId(): string
  progress(event: ProgressEvent): void
  /** Stops between two batches; a split that is run again goes on where this one stopped. */
  readonly signal?: AbortSignal
  /** Rows between two points from which a split goes on; 20,000 where it is left out. */
  readonly batchRows?: number
}
