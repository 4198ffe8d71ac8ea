// Begins what has no end: an audit that came to one would leave a row in the middle of another test.
import type { Auditor } from '../../src/compliance/audit/auditor.ts'
import type { Context } from '../../src/context.ts'
import type { AppOptions } from '../../src/http/app.ts'

export const endlessAuditor = ({ now }: Context): AppOptions => {
  let running: Auditor['running']
  const auditor: Auditor = {
    ...{ failedAt: undefined, newest: () => undefined, [Symbol.asyncDispose]: async () => {} },
    get running() {
      return running
    },
    run(cause) {
      running ??= { id: 'endless', cause, since: now() }
      return new Promise(() => {})
    },
  }
  return { auditor }
}
