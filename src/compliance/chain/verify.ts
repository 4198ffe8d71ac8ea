// Whether the logs are as they were written (POPIA section 19): every row has its link, every link its row, every link follows
// from the one before, and the whole is what the signed heads said that it was.
import type { Head } from '../../database/chain-heads.ts'
import type { Connection } from '../../database/connections.ts'
import { DOMAINS, type Domain } from '../../database/domains.ts'
import { findPii } from '../../pii/find.ts'
import { type Gathered, gatherHeads } from './gathered-heads.ts'
import { judgeHeads } from './judge-heads.ts'
import { logsOf, type Walk, walkChain } from './links.ts'
import { missingIn, nothingOf } from './missing.ts'
import type { ChainFinding, ChainReport, ChainSummary, Collected } from './report.ts'

export interface VerifyOptions {
  readonly now: Date
  /** Ed25519 in PEM, of every key that signed heads. */
  readonly publicKeys?: readonly string[]
  /** Whoever asks named these keys: heads of others are believed by nobody. */
  readonly onlyKeys?: boolean
  /** Heads that a reviewer kept (heads.ts). */
  readonly exported?: readonly Head[]
  readonly signal?: AbortSignal | undefined
  /** After each chain. */
  readonly onChain?: (domain: Domain, links: number) => void
}

/**
 * Reads all of it, in constant memory. The readers are of the caller's own, and nobody else uses them meanwhile: each holds a
 * snapshot of its file until its chain is read.
 */
export async function verifyChains(
  readers: Readonly<Record<Domain, Connection>>,
  { now, publicKeys = [], onlyKeys = false, exported = [], signal, onChain }: VerifyOptions,
): Promise<ChainReport> {
  // Before the chains: these may be longer then, never shorter.
  const heads = gatherHeads(readers, exported, publicKeys)
  const trust = publicKeys.length === 0 ? 'nobody' : onlyKeys ? 'given' : 'configured'
  const [chains, findings]: [ChainSummary[], ChainFinding[]] = [[], []]
  for (const domain of DOMAINS) {
    const wanted = new Set(heads.flatMap(({ head }) => (head.domain === domain ? [head.position] : [])))
    const missing = missingIn(domain, readers[domain])
    const isWhole = missing.every(({ place }) => place.table === 'ChainHead')
    const walk = isWhole ? await walkChain(domain, readers[domain], { now, wanted, signal }) : nothingOf(domain)
    const judged = judgeHeads({ walk, heads, now, trust })
    findings.push(...missing, ...brokenIn(walk), ...rowsIn(walk), ...judged.findings)
    chains.push(summaryOf(walk, heads, judged.newest))
    onChain?.(domain, walk.links)
  }
  const passed = findings.every(({ severity }) => severity === 'low' || severity === 'info')
  return { at: now.toISOString(), passed, chains, findings: findings.map(withoutValues) }
}

/** Whoever puts rows in past the application chooses their keys, and what a head says: there may be anything in them. */
function withoutValues(finding: ChainFinding): ChainFinding {
  const { message, rows } = finding
  const shown = findPii(message).reduceRight(
    (left, { start, end }) => `${left.slice(0, start)}*${left.slice(end)}`,
    message,
  )
  return { ...finding, message: shown, ...(rows && { rows: rows.map((key) => (findPii(key).length > 0 ? '*' : key)) }) }
}

function summaryOf(walk: Walk, heads: readonly Gathered[], newest: Gathered | undefined): ChainSummary {
  const { domain, links, rows, removedByRetention, end } = walk
  const { id, createdAt, position, keyId } = newest?.head ?? {}
  return {
    ...{ domain, logs: logsOf(domain), links, rows, removedByRetention },
    end: { position: end.position, hash: end.hash.toString('hex') },
    heads: heads.filter(({ head }) => head.domain === domain).length,
    newestHead: id === undefined ? null : { id, at: createdAt ?? '', position: position ?? 0, keyId: keyId ?? null },
  }
}

function brokenIn({ domain, gaps, broken }: Walk): readonly ChainFinding[] {
  const place = { file: `${domain}.db`, table: 'ChainLink' }
  const next =
    'Somebody wrote to the file past the application: compare it with the backups of before ("gogga backup list").'
  const about = (code: string, found: Collected, message: string): readonly ChainFinding[] => {
    const { count, position = 0 } = found
    return count === 0 ? [] : [{ severity: 'high', section: 'chain', code, message, place, count, position, next }]
  }
  return [
    ...about('chain.gap', gaps, `Links are missing in ${gaps.count} place(s), first at position ${gaps.position}`),
    ...about(
      'chain.broken',
      broken,
      `${broken.count} link(s) do not follow from the one before: the order was changed or the chain is broken from position ${broken.position} on`,
    ),
  ]
}

const WORDS = {
  changed: 'row(s) are not as they were written',
  removed: 'row(s) are gone, and were not kept for as long as the schema says',
  inserted: 'row(s) have no link: they were put in past the application',
} as const

function rowsIn({ domain, logs }: Walk): readonly ChainFinding[] {
  return [...logs].flatMap(([table, log]) =>
    (['changed', 'removed', 'inserted'] as const).flatMap((kind): readonly ChainFinding[] => {
      const { count, ids, position } = log[kind]
      if (count === 0) return []
      return [
        {
          ...{ severity: 'high', section: 'chain', code: `chain.row-${kind}`, place: { file: `${domain}.db`, table } },
          message: `${count} ${WORDS[kind]}, the first ${ids[0]}`,
          ...{ count, rows: ids },
          ...(kind !== 'inserted' && position !== undefined && { position }),
          next: 'Find out who wrote to the file past the application; backups of before tell what it was.',
        },
      ]
    }),
  )
}
