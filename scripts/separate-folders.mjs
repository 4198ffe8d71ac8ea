// Who owns what where each process is a user of its own: the table that separate-users.mjs sets up and proves.
import { randomBytes } from 'node:crypto'
import { chmodSync, chownSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const DOMAINS = ['identity', 'billing', 'admin']
const TABLE = [
  { name: 'api', backsUp: undefined, command: ['serve', '--json'] },
  { name: 'billing-backup', backsUp: ['billing'], command: ['backup', 'billing', '--schedule'] },
  { name: 'backup', backsUp: ['identity', 'admin'], command: ['backup', 'identity', 'admin', '--schedule'] },
]

const fileOf = (data, domain) => join(data, domain, `${domain}.db`)
const keyOf = (data, domain) => join(data, 'keys', domain)

/** The jobs, the server first, each with its user, its group and what it may do: `may: { [path]: 'read' | 'write' }`. */
export function jobsOf({ data, firstUid }) {
  return TABLE.map((job, index) => {
    const id = firstUid + index
    const files = DOMAINS.map((domain) => [fileOf(data, domain), rightOn(job, domain)])
    const keys = (job.backsUp ?? []).map((domain) => [keyOf(data, domain), 'read'])
    return { ...job, uid: id, gid: id, may: Object.fromEntries([...files.filter(([, right]) => right), ...keys]) }
  })
}

const rightOn = ({ backsUp }, domain) => (backsUp ? backsUp.includes(domain) && 'read' : 'write')

/** Makes folders, files, keys and the policy where they are missing, and sets owners and modes. `gogga` runs as the server. */
export async function prepare({ data }, jobs, gogga) {
  const [api] = jobs
  const backerOf = (domain) => jobs.find(({ backsUp }) => backsUp?.includes(domain))
  // Others may pass through, not look around.
  for (const folder of ['', 'keys', 'backups', 'work']) own(join(data, folder), 0, 0, 0o711)
  own(join(data, 'mail'), api.uid, api.gid, 0o700)
  for (const domain of DOMAINS) {
    const backer = backerOf(domain)
    // The set-group-id bit hands the group on to the log, and SQLite gives the log the file's mode.
    own(join(data, domain), api.uid, backer.gid, 0o2750)
    // The server tells how old backups are: it may list them and read manifests, which get the folder's group. Not archives.
    for (const folder of [domain, join(domain, 'drills')])
      own(join(data, 'backups', folder), backer.uid, api.gid, 0o2750)
    own(join(data, 'work', domain), backer.uid, backer.gid, 0o700)
    if (!existsSync(keyOf(data, domain)))
      writeFileSync(keyOf(data, domain), randomBytes(32).toString('hex'), { mode: 0o400 })
    chownSync(keyOf(data, domain), backer.uid, backer.gid)
    chmodSync(keyOf(data, domain), 0o400)
  }
  writePolicy(data)
  const { code, output } = await gogga(['migrate'])
  if (code !== 0) throw new Error(`gogga migrate failed as user ${api.uid}:\n${output}`)
  for (const domain of DOMAINS) {
    chownSync(fileOf(data, domain), api.uid, backerOf(domain).gid)
    chmodSync(fileOf(data, domain), 0o640)
  }
}

function own(folder, uid, gid, mode) {
  mkdirSync(folder, { recursive: true })
  chownSync(folder, uid, gid)
  chmodSync(folder, mode)
}

/** Not over one that somebody changed. */
function writePolicy(data) {
  const path = join(data, 'backup-policy.json')
  if (existsSync(path)) return
  const entries = DOMAINS.map((domain) => [
    domain,
    {
      target: { kind: 'folder', path: join(data, 'backups', domain) },
      workFolder: join(data, 'work', domain),
      keyFile: keyOf(data, domain),
      // The server that audits each day has no key of theirs; whoever has them audits them (deploy/README.md).
      ...(domain !== 'identity' && { outOfReach: true }),
    },
  ])
  writeFileSync(path, `${JSON.stringify(Object.fromEntries(entries), null, 2)}\n`, { mode: 0o644 })
  chmodSync(path, 0o644)
}
