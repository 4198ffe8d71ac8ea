// A process of its own that restores billing.db and is killed at a place: node restore.ts DIR ID PLACE TIME [--dry-run]
import { randomUUID } from 'node:crypto'
import { pathInFolder } from '../../../../src/config.ts'
import { readPolicies } from '../../../../src/ops/backup/policy.ts'
import { restore } from '../../../../src/ops/restore/restore.ts'

const [dir = '', from = '', place = '', time = '', dryRun] = process.argv.slice(2)
const paths = {
  identity: pathInFolder(dir, 'identity'),
  billing: pathInFolder(dir, 'billing'),
  admin: pathInFolder(dir, 'admin'),
}
try {
  await restore({
    policy: readPolicies({ dataDir: dir }).billing,
    wanted: { from },
    paths,
    dryRun: dryRun !== undefined,
    sources: { now: () => new Date(time), newId: randomUUID },
    reached(reached) {
      if (reached === place) process.kill(process.pid, 'SIGKILL')
    },
  })
} catch (error) {
  process.stderr.write(`${(error as Error).stack}\n`)
}
