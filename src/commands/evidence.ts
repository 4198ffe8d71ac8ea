import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { verifyChains } from '../compliance/chain/verify.ts'
import { gather } from '../compliance/evidence/gather.ts'
import { summaryOf, WORDS } from '../compliance/evidence/index-page.ts'
import { type Month, monthOf } from '../compliance/evidence/month.ts'
import { packEvidence } from '../compliance/evidence/pack.ts'
import type { Result } from '../compliance/evidence/results.ts'
import type { Operations } from '../compliance/evidence/sources.ts'
import { verifyPack } from '../compliance/evidence/verify-pack.ts'
import { openOwnReaders } from '../compliance/own-readers.ts'
import { readSigningKey, type SigningKey } from '../compliance/signing.ts'
import { readConfig } from '../config.ts'
import { DOMAINS, type Domain } from '../database/domains.ts'
import { UsageError } from '../errors.ts'
import { listBackups } from '../ops/backup/list.ts'
import { type Policies, readPolicies } from '../ops/backup/policy.ts'
import { promisesOf } from '../ops/backup/promises.ts'
import { applicationOf } from '../transfer/report.ts'
import { PUBLIC_KEY, type PublicKeys, publicKeysOf, signingKeyOf } from './audit-context.ts'
import type { Command } from './command.ts'
import { writeOut } from './write-out.ts'

export const evidenceCommand: Command = {
  usage: 'evidence --month MONTH [--out FILE] [--sign KEY] [--json]',
  summary:
    'Put the evidence of a month into one signed archive, and say what it shows; exit code 1 where something failed (POPIA section 17).',
  options: {
    month: { type: 'string', value: 'MONTH', help: 'such as 2026-11, in UTC' },
    out: { type: 'string', value: 'FILE', help: 'the ZIP to write (default: evidence-MONTH.zip)' },
    sign: { type: 'string', value: 'KEY', help: 'sign with this Ed25519 key (PEM) (default: GOGGA_SIGNING_KEY_FILE)' },
    'public-key': PUBLIC_KEY,
  },
  examples: ['evidence --month 2026-11', 'evidence --month 2026-11 --out november.zip --sign signing.pem'],
  files: 'reads',
  /** 1 where what it shows is a failure; the pack is written all the same. */
  async run(args) {
    const [config, now] = [readConfig(), new Date()]
    const month = monthOf(args.text('month') ?? '', now)
    const keyFile = args.text('sign')
    const key = keyFile === undefined ? signingKeyOf(config) : readSigningKey(keyFile, '--sign')
    const operations = await operationsOf(
      readPolicies({ file: config.backupPolicy, dataDir: config.dataDir }),
      month,
      now,
    )
    using own = openOwnReaders(config.paths)
    const keys = keysOf(publicKeysOf(config, args), key)
    const chains = await verifyChains(own.readers, { now, ...keys })
    const version = applicationOf().version
    const gathered = gather({
      month,
      now,
      readers: own.readers,
      chains,
      operations,
      version,
      publicKeys: keys.publicKeys,
    })
    const { bytes, manifest } = await packEvidence(gathered, { month, now, key })
    const out = resolve(args.text('out') ?? `evidence-${month.name}.zip`)
    writeOut(out, bytes)
    if (!key) process.stderr.write('No key was named and GOGGA_SIGNING_KEY_FILE is not set: the pack is not signed.\n')
    const partial = month.isPartial ? ' (partial: the month is not over)' : ''
    const said = `${Object.keys(manifest.files).length} files of ${month.name}${partial} in ${out}\n`
    const shows = gathered.results.filter(({ outcome }) => outcome !== 'passed')
    const lines = [...shows.map(lineOf), summaryOf(gathered.results)].map((line) => `${line}\n`).join('')
    process.stdout.write(args.flag('json') ? `${JSON.stringify({ ...manifest, shows })}\n` : `${said}${lines}`)
    return shows.some(({ outcome }) => outcome === 'failure') ? 1 : 0
  },
}

const lineOf = ({ outcome, text }: Result): string => `${WORDS[outcome]}: ${text}`

export const evidenceVerifyCommand: Command = {
  usage: 'evidence verify FILE [--public-key FILE]… [--json]',
  summary: 'Check the signature and every sum of an evidence pack; exit code 1 where it is not what was signed.',
  options: { 'public-key': PUBLIC_KEY },
  positionals: { least: 1, most: 1 },
  examples: ['evidence verify evidence-2026-11.zip --public-key gogga.pem'],
  files: 'none',
  run(args) {
    const verdict = verifyPack(readWhole(args.positionals[0] ?? ''), publicKeysOf(readConfig(), args).publicKeys)
    const { passed, month, partial, files, signedBy, findings, shows } = verdict
    const lines = [
      ...findings,
      passed
        ? `${files} files of ${month}${partial ? ' (partial)' : ''} are what ${signedBy} signed.`
        : 'It is NOT proved that this is what was signed.',
      ...(shows.length === 0 ? [] : ['What it shows itself:', ...shows.map(lineOf)]),
    ]
    process.stdout.write(args.flag('json') ? `${JSON.stringify(verdict)}\n` : lines.map((line) => `${line}\n`).join(''))
    return Promise.resolve(passed ? 0 : 1)
  },
}

/** The key that signs the pack signed heads as well, where nobody says which did. */
const keysOf = ({ publicKeys, onlyKeys }: PublicKeys, key: SigningKey | undefined): PublicKeys => ({
  publicKeys: [...publicKeys, ...(key && !onlyKeys ? [key.publicPem] : [])],
  onlyKeys,
})

/** Counts in place of findings, and codes of alarms: their words name folders. */
async function operationsOf(policies: Policies, { from, to }: Month, now: Date): Promise<Operations> {
  const drills: (Operations['drills'][number] & { readonly findings: number })[] = []
  const unseen: Domain[] = []
  for (const domain of DOMAINS) {
    try {
      const listed = await listBackups(policies[domain])
      for (const { findings, ...drill } of listed.drills)
        if (new Date(drill.at) >= from && new Date(drill.at) < to) drills.push({ ...drill, findings: findings.length })
    } catch {
      unseen.push(domain)
    }
  }
  const promises = (await promisesOf(policies, now)).map(({ alarms, ...promised }) => ({
    ...promised,
    alarms: alarms.map(({ code }) => code),
  }))
  return { drills, promises, unseen }
}

function readWhole(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (cause) {
    throw new UsageError(`${path} cannot be read: ${(cause as NodeJS.ErrnoException).code}`, { cause })
  }
}
