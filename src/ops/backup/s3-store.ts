import { UsageError } from '../../errors.ts'
import type { Target } from './policy.ts'
import type { Store } from './store.ts'

export function openBucket({ bucket }: Extract<Target, { kind: 's3' }>): Store {
  throw new UsageError(`s3://${bucket}`)
}
