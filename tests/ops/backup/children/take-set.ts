// A process of its own that takes a set and is killed once the first of its backups is there: node take-set.ts DIR
import { randomBytes, randomUUID } from 'node:crypto'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { pathInFolder } from '../../../../src/config.ts'
import { readPolicies } from '../../../../src/ops/backup/policy.ts'
import { takeSet } from '../../../../src/ops/backup/set.ts'

const [dir = '', time = ''] = process.argv.slice(2)
const first = join(dir, 'backups/identity')
const before = existsSync(first) ? readdirSync(first).filter((name) => name.endsWith('.json')) : []
setInterval(() => {
  const names = existsSync(first) ? readdirSync(first) : []
  const isThere = names.some((name) => /^identity-[\w-]+\.json$/.test(name) && !before.includes(name))
  if (isThere) process.kill(process.pid, 'SIGKILL')
}, 1)
await takeSet({
  policies: readPolicies({ dataDir: dir }),
  paths: {
    identity: pathInFolder(dir, 'identity'),
    billing: pathInFolder(dir, 'billing'),
    admin: pathInFolder(dir, 'admin'),
  },
  sources: { now: () => new Date(time), newId: randomUUID, randomBytes: (size) => randomBytes(size) },
  elapsed: () => performance.now(),
})
