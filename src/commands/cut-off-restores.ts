// Before a command touches the three files: a restore that was cut off may have left one of them old, or missing, while its
// successor lies ready. Whoever changes or makes files ends it first; whoever only reads says so.
import { pathInFolder } from '../config.ts'
import { DOMAINS, type Domain } from '../database/domains.ts'
import { ConflictError } from '../errors.ts'
import type { Paths } from '../ops/restore/dangling.ts'
import { recoverRestores } from '../ops/restore/swap.ts'
import { type WorkState, workState } from '../ops/restore/work.ts'

/** Says on stderr what it ended. Throws ConflictError while a restore is at work, or where the file to be replaced is in use. */
export function endRestores(paths: Paths): void {
  for (const domain of recoverRestores(paths, new Date()))
    process.stderr.write(`The restore of ${domain}.db that was cut off is over.\n`)
}

const WORDS: Readonly<Record<WorkState, string | undefined>> = {
  none: undefined,
  left: undefined,
  waiting: 'was restored, and messages to it wait for a file that is missing: "npx gogga check" says more',
  'at work': 'is being restored by another process: what follows may be of before or after',
  'cut off':
    'is in the middle of a restore that was cut off: what follows is of before its end; "npx gogga migrate" ends it',
}

/** Changes nothing. */
export function tellRestores(paths: Paths): void {
  for (const domain of DOMAINS) {
    const words = WORDS[workState(domain, paths)]
    if (words) process.stderr.write(`${domain}.db ${words}.\n`)
  }
}

/** For a folder that need not be the one of the configuration. Throws ConflictError with the next step. */
export function refuseRestores(dataDir: string): void {
  const paths = {
    identity: pathInFolder(dataDir, 'identity'),
    billing: pathInFolder(dataDir, 'billing'),
    admin: pathInFolder(dataDir, 'admin'),
  }
  const state = (domain: Domain) => workState(domain, paths)
  const busy = DOMAINS.find((domain) => state(domain) === 'at work')
  if (busy) throw new ConflictError(`${busy}.db in ${dataDir} is being restored`, { hint: 'Wait until it is done.' })
  const half = DOMAINS.find((domain) => state(domain) === 'cut off')
  if (!half) return
  throw new ConflictError(`A restore of ${half}.db in ${dataDir} was cut off and is not over`, {
    hint: `"npx gogga migrate", with GOGGA_DATA_DIR=${dataDir} in the environment, ends it.`,
  })
}
