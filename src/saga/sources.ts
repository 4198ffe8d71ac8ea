// What changes are made of besides the files: time, ids, randomness, and the places where a test may end the process.
export interface SagaSources {
  readonly now: () => Date
  readonly newId: () => string
  readonly randomBytes: (size: number) => Buffer
}

/** Called with the name of a place that was reached: after every commit, before every delivery. */
export type Reached = (place: string) => void
