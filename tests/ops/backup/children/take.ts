// A process of its own that takes a backup of billing.db and may be killed at a moment: node take.ts DIR [MOMENT]
// Moments: a file that appears in the work folder, `before-store`, `before-manifest`. Prints the manifest, or the error.
import { randomBytes, randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { pathInFolder } from '../../../../src/config.ts'
import { readPolicies } from '../../../../src/ops/backup/policy.ts'
import { takeBackup } from '../../../../src/ops/backup/take.ts'
import { workPath } from '../../../../src/ops/backup/work-folder.ts'

const [dir = '', moment = '', target = ''] = process.argv.slice(2)
const shipped = readPolicies({ dataDir: dir }).billing
const policy = target ? { ...shipped, target: { kind: 'folder' as const, path: target } } : shipped
const die = () => process.kill(process.pid, 'SIGKILL')
let [times, stored] = [0, false]
const now = () => {
  // The time is asked for once more when the archive lies in the store and the manifest does not.
  if (stored && moment === 'before-manifest') die()
  times += 1
  return new Date(Date.UTC(2026, 5, 1, 12, 0, times))
}
const watched = join(workPath(policy, 'take'), moment)
const watch = moment && !moment.startsWith('before') ? setInterval(() => existsSync(watched) && die(), 1) : undefined
const sources = { now, newId: randomUUID, randomBytes }
try {
  const manifest = await takeBackup({
    policy,
    path: pathInFolder(dir, 'billing'),
    sources,
    progress: (phase) => {
      if (phase !== 'store') return
      stored = true
      if (moment === 'before-store') die()
    },
  })
  process.stdout.write(JSON.stringify(manifest))
} catch (error) {
  process.stderr.write(`${(error as Error).name}: ${(error as Error).message}\n`)
}
clearInterval(watch)
