import { chmodSync } from 'node:fs'
import { isAbsolute, resolve } from 'node:path'
import { readConfig } from '../config.ts'
import { readPolicies } from '../ops/backup/policy.ts'
import { describeReplication, litestreamConfig, replicationOf } from '../ops/litestream.ts'
import { domainsIn, printJson } from './backup-context.ts'
import type { Command } from './command.ts'
import { writeOut } from './write-out.ts'

export const litestreamConfigCommand: Command = {
  usage: 'litestream-config [DOMAIN…] [--replica PLACE] [--out FILE] [--json]',
  summary: 'Write the configuration of Litestream, for replication while a file is written.',
  positionals: { least: 0, most: 3 },
  options: {
    replica: {
      type: 'string',
      value: 'PLACE',
      help: 'a folder or s3://BUCKET/PREFIX, with a part for each file; without it beside the backups',
    },
    out: { type: 'string', value: 'FILE', help: 'write it there, whole or not at all, in place of stdout' },
  },
  examples: [
    'litestream-config billing > litestream.yml',
    'litestream-config billing --replica /replica --out /etc/litestream.yml',
    'litestream-config --replica s3://replicas/gogga --json',
  ],
  files: 'none',
  async run(args) {
    const domains = domainsIn(args.positionals)
    const config = readConfig()
    const policies = readPolicies({ file: config.backupPolicy, dataDir: config.dataDir })
    const where = placeIn(args.text('replica'))
    const replications = domains.map((domain) => replicationOf(policies[domain], config.paths[domain], where))
    const text = litestreamConfig(replications)
    if (domains.includes('identity'))
      process.stderr.write('WARNING: Litestream does not encrypt, and identity.db holds personal information.\n')
    const out = args.text('out')
    if (out !== undefined) write(resolve(out), text)
    if (args.flag('json'))
      printJson({ replications, ...(out === undefined ? { config: text } : { out: resolve(out) }) })
    else if (out === undefined) process.stdout.write(text)
    else process.stderr.write(replications.map((one) => `${describeReplication(one)}\n`).join(''))
    return 0
  },
}

/** No secret is in it, and Litestream may run as another user. */
function write(path: string, text: string): void {
  writeOut(path, text)
  chmodSync(path, 0o644)
}

/** Litestream may be started in another folder. */
const placeIn = (place: string | undefined): string | undefined =>
  place === undefined || place.startsWith('s3://') || isAbsolute(place) ? place : resolve(place)
