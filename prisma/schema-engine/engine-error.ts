/** An error that the CLI shows as its own: `code` is one of Prisma's, such as P1003 for a missing file. */
export class EngineError extends Error {
  override readonly name = 'EngineError'
  readonly code: string

  constructor(message: string, code: string) {
    super(message)
    this.code = code
  }
}
