// Begins what has no end: an audit that came to one would leave a row in the middle of another test, and a verification take its time.
import type { Auditor } from '../../src/compliance/audit/auditor.ts'
import type { Verifier } from '../../src/compliance/chain/verifier.ts'
import type { Context } from '../../src/context.ts'
import type { AppOptions } from '../../src/http/app.ts'

export const endless = ({ now }: Context): AppOptions => {
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
  let since: Date | undefined
  const verifier: Verifier = {
    state: () => ({ running: since && { since }, last: undefined, failedAt: undefined }),
    run() {
      since ??= now()
      return new Promise(() => {})
    },
    [Symbol.asyncDispose]: async () => {},
  }
  return { auditor, verifier }
}
