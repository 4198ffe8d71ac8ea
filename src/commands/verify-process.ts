// A process of its own that verifies the logs' chains once and tells what it found.
import type { VerifyAnswer, VerifyTask } from '../compliance/chain/verifier.ts'
import { verifyChains } from '../compliance/chain/verify.ts'
import { answerOneTask } from '../compliance/in-process.ts'
import { openOwnReaders } from '../compliance/own-readers.ts'
import { stepBack } from '../ops/backup/step-back.ts'

answerOneTask<VerifyTask, VerifyAnswer>(
  async ({ paths, publicKeys, now }) => {
    stepBack()
    using own = openOwnReaders(paths)
    return { report: await verifyChains(own.readers, { now, publicKeys }) }
  },
  (code) => ({ code }),
)
