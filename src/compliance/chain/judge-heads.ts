// A chain against what its heads say. A head that is signed binds whoever rewrites the chain: all of it up to there must lead to
// the same hash. Heads that say more than a restored backup knew are explained by the signed mark of that restore.
import { HEAD_FILES } from '../../database/chain-heads.ts'
import { DOMAINS, type Domain } from '../../database/domains.ts'
import { type Gathered, isMark, isOfFuture, numberOf, rankOf, supersedes, timeOf } from './gathered-heads.ts'
import { judgeAge, judgeDays, judgeFuture } from './judge-days.ts'
import { judgeExport } from './judge-export.ts'
import { judgeMarks } from './judge-marks.ts'
import { judgeSignatures } from './judge-signatures.ts'
import type { Case, JudgeOptions, Say } from './judged.ts'
import type { Walk } from './links.ts'
import type { ChainFinding } from './report.ts'

export interface Judged {
  readonly findings: readonly ChainFinding[]
  readonly newest: Gathered | undefined
}

const MINUTE_MS = 60_000

export function judgeHeads(options: JudgeOptions): Judged {
  const { walk, heads, now } = options
  const own = heads.filter(({ head }) => head.domain === walk.domain)
  const findings: ChainFinding[] = []
  const say: Say = (finding) =>
    findings.push({ ...finding, section: 'chain', place: { file: `${walk.domain}.db`, table: 'ChainHead' } })
  const valid = own.filter(({ signature }) => signature !== 'wrong')
  const binding = valid.filter((one) => !isTakenBack(one, valid, now))
  const fits = binding.filter((one) => isAt(walk, one))
  const about: Case = { ...options, own, valid, binding, fits, say }
  judgeContent(about)
  judgeSignatures(about)
  judgeCopies(about)
  judgeExport(about)
  judgePositions(about)
  judgeDays(about)
  judgeAge(about)
  judgeFuture(about)
  judgeMarks(about)
  return { findings, newest: fits.findLast((one) => !isMark(one)) }
}

const isAt = ({ hashes }: Walk, { head }: Gathered): boolean => hashes.get(head.position)?.equals(head.hash) === true

/** By a restore that came later. What somebody kept elsewhere binds all the same, unless a signature that is known says so. */
const isTakenBack = (one: Gathered, valid: readonly Gathered[], now: Date): boolean =>
  valid.some((mark) => supersedes(mark, one, now) && (!one.sources.includes('export') || mark.signature === 'good'))

function judgeContent({ own, say }: Case): void {
  const different = new Set(own.filter(({ differs }) => differs).map(({ head }) => head.id))
  if (different.size > 0)
    say({
      severity: 'high',
      code: 'chain.head-differs',
      message: `${different.size} head(s) say one thing in one place and another elsewhere, the first ${[...different][0]}`,
      count: different.size,
      rows: [...different].slice(0, 20),
      next: 'Heads are never changed: compare both files with what was exported to find out which one was.',
    })
  const all = own.filter((one) => !isMark(one)).map(numberOf)
  const numbers = new Set(all.filter((number) => number >= 1))
  const missing = Math.max(0, ...numbers) - numbers.size
  const odd = all.filter((number) => !(number >= 1)).length
  if (missing + odd > 0)
    say({
      severity: 'high',
      code: 'chain.head-removed',
      message: `Heads are counted, and ${missing} of ${Math.max(0, ...numbers)} are missing${odd > 0 ? `, and ${odd} have no number` : ''}`,
      count: missing + odd,
      next: 'Heads are never removed: find out who wrote to identity.db and admin.db, and verify against an export of the heads.',
    })
}

/** Each head is in identity.db and in admin.db, but for what a restore of one of them took, and for what is only exported. */
function judgeCopies({ own, heads, now, say }: Case): void {
  const isRestoredSince = (file: Domain, one: Gathered) =>
    heads.some(
      (mark) =>
        isMark(mark) &&
        mark.head.domain === file &&
        rankOf(mark) >= Math.max(0, rankOf(one)) &&
        timeOf(mark) >= timeOf(one) &&
        !isOfFuture(mark, now),
    )
  const isIn = (one: Gathered) => HEAD_FILES.some((file) => one.sources.includes(file))
  const lacking = own.filter(
    (one) =>
      isIn(one) &&
      now.getTime() - timeOf(one) > MINUTE_MS &&
      HEAD_FILES.some((file) => !one.sources.includes(file) && !isRestoredSince(file, one)) &&
      !one.differs,
  )
  if (lacking.length === 0) return
  const files = DOMAINS.filter((file) => lacking.some(({ sources }) => !(sources as readonly Domain[]).includes(file)))
  say({
    severity: 'medium',
    code: 'chain.head-lost',
    message: `${lacking.length} head(s) are missing in ${files.filter((file) => file !== 'billing').join('.db and in ')}.db, the first ${lacking[0]?.head.id}`,
    count: lacking.length,
    rows: lacking.slice(0, 20).map(({ head }) => head.id),
    next: 'Where a server was killed while it wrote them, "gogga audit heads --sign" copies them; else find out who removed them.',
  })
}

function judgePositions({ walk, binding, say }: Case): void {
  const beyond = binding.filter(({ head }) => head.position > walk.end.position)
  const [first] = beyond
  if (first)
    say({
      severity: 'high',
      code: 'chain.truncated',
      message: `The chain ends at ${walk.end.position}, and ${nameOf(first)} says that it went to ${first.head.position}: its newest links are gone`,
      count: first.head.position - walk.end.position,
      position: walk.end.position + 1,
      next: 'No signed mark of a restore explains it: compare with the backups of before ("gogga backup list").',
    })
  const other = binding.filter((one) => one.head.position <= walk.end.position && !isAt(walk, one))
  const rewritten = other.toSorted((a, b) => a.head.position - b.head.position)[0]
  if (!rewritten) return
  const before = binding.filter((one) => isAt(walk, one) && one.head.position < rewritten.head.position)
  const from = Math.max(0, ...before.map(({ head }) => head.position)) + 1
  say({
    severity: 'high',
    code: 'chain.rewritten',
    message: `The chain leads to another hash than ${nameOf(rewritten)} says: it was written anew between position ${from} and ${rewritten.head.position}`,
    count: other.length,
    position: from,
    next: 'No signed mark of a restore explains it: compare the rows with the backups of before ("gogga backup list").',
  })
}

const nameOf = ({ head, sources }: Gathered): string =>
  `the head ${head.id} of ${head.createdAt}${sources.includes('export') ? ', which you kept,' : ''}`
