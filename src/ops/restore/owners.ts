// Whoever restores need not be whoever serves: the new file is for the user and the group that the old one was for.
import { chmodSync, chownSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

const FILE_MODE = 0o600
const GROUP_READS = 0o040

/**
 * Owner, group and rights of the live file, else of its folder, never with rights for everybody. SQLite makes `-wal` and
 * `-shm` like the file they belong to. Only root may give a file away: for anybody else it stays theirs.
 */
export function giveOwner(path: string, live: string): void {
  const model = statSync(live, { throwIfNoEntry: false }) ?? statSync(dirname(live))
  const isGroups = chowned(path, model.uid, model.gid)
  chmodSync(path, FILE_MODE | (isGroups ? model.mode & GROUP_READS : 0))
}

/** Whether the group is the one that was asked for. */
function chowned(path: string, uid: number, gid: number): boolean {
  const { uid: ownUid, gid: ownGid } = statSync(path)
  if (uid === ownUid && gid === ownGid) return true
  try {
    chownSync(path, process.getuid?.() === 0 ? uid : ownUid, gid)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') throw error
    return gid === ownGid
  }
}
