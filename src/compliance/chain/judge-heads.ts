// A chain against what its heads say. A head that is signed binds whoever rewrites the chain: all of it up to there must lead to
// the same hash. Heads that say more than a restored backup knew are explained by the mark of that restore.
import { HEAD_FILES } from '../../database/chain-heads.ts'
import { DOMAINS, type Domain } from '../../database/domains.ts'
import type { Gathered } from './gathered-heads.ts'
import type { Walk } from './links.ts'
import type { ChainFinding } from './report.ts'

export interface JudgeOptions {
  readonly walk: Walk
  /** Of all three chains, in the order of time. */
  readonly heads: readonly Gathered[]
  readonly now: Date
}

export interface Judged {
  readonly findings: readonly ChainFinding[]
  readonly newest: Gathered | undefined
}

const [HOUR_MS, MINUTE_MS] = [3_600_000, 60_000]
/** A head a day, and a server that begins late. */
const LATE_MS = 36 * HOUR_MS
const GAP_MS = 48 * HOUR_MS

const isMark = ({ head }: Gathered): boolean => head.kind === 'restored'
const timeOf = ({ head }: Gathered): number => Date.parse(head.createdAt)

export function judgeHeads(options: JudgeOptions): Judged {
  const { walk, heads } = options
  const own = heads.filter(({ head }) => head.domain === walk.domain)
  const findings: ChainFinding[] = []
  const say = (finding: Omit<ChainFinding, 'section' | 'place'>) =>
    findings.push({ ...finding, section: 'chain', place: { file: `${walk.domain}.db`, table: 'ChainHead' } })
  const valid = own.filter(({ signature }) => signature !== 'wrong')
  const fits = valid.filter((one) => !isSuperseded(one, valid) && isAt(walk, one))
  judgeContent(own, say)
  judgeSignatures(own, fits, say)
  judgeCopies(own, heads, options.now, say)
  judgePositions(walk, valid, say)
  const newest = fits.findLast((one) => !isMark(one))
  judgeAge(
    options,
    valid.filter((one) => !isMark(one)),
    newest,
    say,
  )
  return { findings, newest }
}

type Say = (finding: Omit<ChainFinding, 'section' | 'place'>) => void

const isAt = ({ hashes }: Walk, { head }: Gathered): boolean => hashes.get(head.position)?.equals(head.hash) === true

/** A restore that came later went back to before this head. */
const isSuperseded = (one: Gathered, heads: readonly Gathered[]): boolean =>
  heads.some(
    (mark) => isMark(mark) && mark !== one && timeOf(mark) >= timeOf(one) && mark.head.position < one.head.position,
  )

function judgeContent(own: readonly Gathered[], say: Say): void {
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
  const numbers = own.filter((one) => !isMark(one)).map(({ head }) => Number(/-(\d+)$/.exec(head.id)?.[1]))
  const missing = new Set(numbers).size === 0 ? 0 : Math.max(...numbers) - new Set(numbers).size
  if (missing !== 0)
    say({
      severity: 'high',
      code: 'chain.head-removed',
      message: `Heads are counted, and ${Math.abs(missing)} of ${Math.max(...numbers)} are missing or counted twice`,
      count: Math.abs(missing),
      next: 'Heads are never removed: find out who wrote to identity.db and admin.db, and verify against an export of the heads.',
    })
}

function judgeSignatures(own: readonly Gathered[], fits: readonly Gathered[], say: Say): void {
  const wrong = own.filter(({ signature }) => signature === 'wrong')
  if (wrong.length > 0)
    say({
      severity: 'high',
      code: 'chain.head-forged',
      message: `The signature of ${wrong.length} head(s) is wrong, first of ${wrong[0]?.head.id}`,
      count: wrong.length,
      rows: wrong.slice(0, 20).map(({ head }) => head.id),
      next: 'Somebody changed a head or signed it with another key: find out who wrote to the file.',
    })
  const lastGood = fits.findLast(({ signature }) => signature === 'good')
  const unknown = own.filter(({ signature }) => signature === 'unknown key')
  if (unknown.length > 0)
    say({
      // What a newer head covers is covered.
      severity: lastGood && unknown.every((one) => timeOf(one) <= timeOf(lastGood)) ? 'low' : 'medium',
      code: 'chain.key-unknown',
      message: `${unknown.length} head(s) are signed with a key that is not known here: ${[...new Set(unknown.map(({ head }) => head.keyId))].join(', ')}`,
      count: unknown.length,
      next: 'Give its public key with --public-key.',
    })
  const unsigned = own.filter((one) => !isMark(one) && one.signature === 'none')
  if (unsigned.length === 0) return
  const isSigning = own.some(({ signature }) => signature === 'good' || signature === 'unknown key')
  const isCovered = lastGood !== undefined && unsigned.every((one) => timeOf(one) <= timeOf(lastGood))
  say({
    severity: isSigning && !isCovered ? 'medium' : 'low',
    code: 'chain.heads-unsigned',
    message: `${unsigned.length} head(s) are not signed: whoever can write to all three files can write them anew`,
    count: unsigned.length,
    next: 'Set GOGGA_SIGNING_KEY_FILE; see "gogga audit public-key --help".',
  })
}

/** Each head is in identity.db and in admin.db, but for what a restore of one of them took. */
function judgeCopies(own: readonly Gathered[], heads: readonly Gathered[], now: Date, say: Say): void {
  const isRestoredSince = (file: Domain, one: Gathered) =>
    heads.some((mark) => isMark(mark) && mark.head.domain === file && timeOf(mark) >= timeOf(one))
  const lacking = own.filter(
    (one) =>
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

function judgePositions(walk: Walk, valid: readonly Gathered[], say: Say): void {
  const binding = valid.filter((one) => !isSuperseded(one, valid))
  const beyond = binding.filter(({ head }) => head.position > walk.end.position)
  const [first] = beyond
  if (first)
    say({
      severity: 'high',
      code: 'chain.truncated',
      message: `The chain ends at ${walk.end.position}, and ${nameOf(first)} says that it went to ${first.head.position}: its newest links are gone`,
      count: first.head.position - walk.end.position,
      position: walk.end.position + 1,
      next: 'No restore explains it: compare with the backups of before ("gogga backup list").',
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
    next: 'No restore explains it: compare the rows with the backups of before ("gogga backup list").',
  })
}

const nameOf = ({ head }: Gathered): string => `the head ${head.id} of ${head.createdAt}`

function judgeAge(
  { walk, now }: JudgeOptions,
  signed: readonly Gathered[],
  newest: Gathered | undefined,
  say: Say,
): void {
  const covered = newest?.head.position ?? 0
  const waited = newest && now.getTime() - Math.max(Date.parse(walk.followed.get(covered) ?? '') || 0, timeOf(newest))
  // Where no head fits, that was told.
  const isLate = waited === undefined ? signed.length === 0 : waited > LATE_MS
  if (walk.end.position > covered && isLate)
    say({
      severity: 'medium',
      code: 'chain.head-late',
      message: newest
        ? `${walk.end.position - covered} link(s) are newer than the newest head, of ${newest.head.createdAt}; there is to be one every day`
        : 'No head says how far the chain went: whoever can write to the file can write all of it anew',
      count: walk.end.position - covered,
      next: 'A server signs one a day; "gogga audit heads --sign" does so now.',
    })
  const gaps = signed.filter((one, at) => {
    const next = signed[at + 1]
    return next && timeOf(next) - timeOf(one) > GAP_MS && next.head.position > one.head.position
  })
  if (gaps.length > 0)
    say({
      severity: 'low',
      code: 'chain.head-gap',
      message: `More than two days lie between two heads ${gaps.length} time(s), first after ${gaps[0]?.head.createdAt}, and rows were written meanwhile`,
      count: gaps.length,
      next: 'Where no server ran, nothing signed; else heads were removed: verify against an export of them.',
    })
}
