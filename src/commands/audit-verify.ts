import { readFileSync } from 'node:fs'
import { importHeads } from '../compliance/chain/heads.ts'
import type { ChainReport, ChainSummary } from '../compliance/chain/report.ts'
import { verifyChains } from '../compliance/chain/verify.ts'
import { openOwnReaders } from '../compliance/own-readers.ts'
import { readConfig } from '../config.ts'
import type { Head } from '../database/chain-heads.ts'
import { UsageError } from '../errors.ts'
import { PUBLIC_KEY, publicKeysOf } from './audit-context.ts'
import type { Command } from './command.ts'

export const auditVerifyCommand: Command = {
  usage: 'audit verify [--verify-against FILE] [--public-key FILE]… [--json]',
  summary:
    'Find rows of the logs that were changed, removed, inserted or reordered, by their hash chains and signed heads (POPIA section 19).',
  options: {
    'verify-against': { type: 'string', value: 'FILE', help: 'heads that you kept: what "audit heads --export" wrote' },
    'public-key': PUBLIC_KEY,
  },
  examples: [
    'audit verify',
    'audit verify --json',
    'audit verify --verify-against heads-2026-10.jsonl --public-key gogga.pem # as a reviewer, with nothing of ours',
  ],
  files: 'reads',
  async run(args) {
    const config = readConfig()
    const [keys, file] = [publicKeysOf(config, args), args.text('verify-against')]
    const exported = file === undefined ? [] : readHeads(file)
    using own = openOwnReaders(config.paths)
    const onChain = (domain: string, links: number) => process.stderr.write(`${domain}.db: ${links} link(s) read\n`)
    const report = await verifyChains(own.readers, { now: new Date(), ...keys, exported, onChain })
    process.stdout.write(args.flag('json') ? `${JSON.stringify(report)}\n` : printed(report))
    return report.passed ? 0 : 1
  },
}

function readHeads(file: string): readonly Head[] {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (cause) {
    throw new UsageError(`${file} cannot be read: ${(cause as NodeJS.ErrnoException).code}`, { cause })
  }
  return importHeads(text)
}

function printed({ chains, findings, passed }: ChainReport): string {
  const found = findings.flatMap(({ severity, place, message, next }) => [
    `${severity}: ${[place.file, place.table].join(' ')}: ${message}\n`,
    `  ${next}\n`,
  ])
  return [...chains.map(line), ...found, `${lastOf({ findings, passed })}\n`].join('')
}

/** What is of medium severity alone is about heads: they are missing or old, or prove nothing here. */
function lastOf({ findings, passed }: Pick<ChainReport, 'findings' | 'passed'>): string {
  const isRestored = findings.some(({ code }) => code === 'chain.restored' || code === 'chain.taken-back')
  const but = isRestored ? ', but for what restores took back' : ''
  if (passed) return `The logs are as they were written${but}.`
  if (findings.some(({ severity }) => severity === 'high')) return 'The logs are NOT as they were written.'
  return `Nothing shows that the logs were changed${but}, and it is NOT proved that they were not: see what is said of heads.`
}

function line({ domain, logs, links, rows, removedByRetention, newestHead }: ChainSummary): string {
  const head = newestHead
    ? `newest head ${newestHead.id} of ${newestHead.at} at position ${newestHead.position}`
    : 'no head'
  return `${domain}.db, ${logs.join(', ')}: ${links} link(s), ${rows} row(s) intact, ${removedByRetention} removed by retention; ${head}\n`
}
