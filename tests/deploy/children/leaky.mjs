// Sets folders up for separate users, opens two of them too far, and prints what the proof then finds. Arguments: folder, first uid.
import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import { runCaptured } from '../../../scripts/child.mjs'
import { jobsOf, prepare } from '../../../scripts/separate-folders.mjs'
import { prove } from '../../../scripts/separate-users.mjs'
import { ROOT } from '../../../scripts/setup.mjs'

const [data, firstUid] = [process.argv[2], Number(process.argv[3])]
const settings = { data, firstUid, port: 0, node: process.execPath }
const jobs = jobsOf(settings)
const [{ uid, gid }] = jobs
await prepare(settings, jobs, (args) =>
  runCaptured(process.execPath, [join(ROOT, 'scripts/gogga.ts'), ...args], { uid, gid, env: { GOGGA_DATA_DIR: data } }),
)
chmodSync(join(data, 'identity'), 0o755)
chmodSync(join(data, 'identity/identity.db'), 0o644)
chmodSync(join(data, 'admin/admin.db'), 0o660)
console.log(JSON.stringify(await prove(settings, jobs)))
