// What lies beside the three files, and where.
import { join } from 'node:path'
import type { Policies } from '../backup/policy.ts'
import type { Folders } from './view.ts'

export const undoFolder = (dataDir: string): string => join(dataDir, 'undo')

export const foldersOf = (dataDir: string, policies: Policies): Folders => ({
  undo: undoFolder(dataDir),
  backups(domain) {
    const { target } = policies[domain]
    return target.kind === 'folder' ? target.path : undefined
  },
})
