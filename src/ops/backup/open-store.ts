import { openFolder } from './folder-store.ts'
import type { Target } from './policy.ts'
import { openBucket } from './s3-store.ts'
import type { Store } from './store.ts'

export const openStore = (target: Target): Store =>
  target.kind === 'folder' ? openFolder(target.path) : openBucket(target)
