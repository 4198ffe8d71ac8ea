// What audits cost, part by part.
import { benchBytes } from './audit-bytes.ts'
import { benchChain } from './audit-chain.ts'
import { benchErasure } from './audit-erasure.ts'
import { benchWhole } from './audit-whole.ts'
import type { Figure, Verdict } from './measure.ts'

export interface AuditBenchOptions {
  readonly people: number
  readonly quick: boolean
  readonly say: (text: string) => void
}

export interface AuditBenchResult {
  readonly figures: readonly Figure[]
  readonly verdicts: readonly Verdict[]
}

type Part = (options: AuditBenchOptions) => Promise<AuditBenchResult>

const PARTS: readonly Part[] = [benchWhole, benchErasure, benchBytes, benchChain]

export async function benchAudit(options: AuditBenchOptions): Promise<AuditBenchResult> {
  const results: AuditBenchResult[] = []
  for (const part of PARTS) results.push(await part(options))
  return {
    figures: results.flatMap(({ figures }) => figures),
    verdicts: results.flatMap(({ verdicts }) => verdicts),
  }
}
