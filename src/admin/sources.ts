/** What a change of admin.db takes from outside, so that a test decides it. */
export interface Sources {
  readonly now: () => Date
  readonly newId: () => string
  readonly randomBytes: (size: number) => Buffer
}
