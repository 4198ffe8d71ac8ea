// Whose heads they are. Where a key is known, a signature that is missing was either never made, before there was a key, or taken
// off: whoever cannot sign can do nothing else.
import { type Gathered, isMark, numberOf, timeOf } from './gathered-heads.ts'
import type { Case } from './judged.ts'

export function judgeSignatures(about: Case): void {
  judgeWrong(about)
  judgeUnknown(about)
  judgeUnsigned(about)
}

function judgeWrong({ own, say }: Case): void {
  const wrong = own.filter(({ signature }) => signature === 'wrong')
  if (wrong.length > 0)
    say({
      severity: 'high',
      code: 'chain.head-forged',
      message: `The signature of ${wrong.length} head(s) is wrong, first of ${wrong[0]?.head.id}`,
      count: wrong.length,
      rows: idsOf(wrong),
      next: 'Somebody changed a head or signed it with another key: find out who wrote to the file.',
    })
}

const GIVE = 'Give its public key with --public-key, and all others that are theirs as well'

function judgeUnknown({ own, fits, trust, say }: Case): void {
  const unknown = own.filter(({ signature }) => signature === 'unknown key')
  if (unknown.length === 0) return
  const lastGood = fits.findLast(({ signature }) => signature === 'good')
  // What a newer head covers is covered; a reviewer names all keys that may have signed.
  const isCovered = lastGood !== undefined && unknown.every((one) => timeOf(one) <= timeOf(lastGood))
  const isGiven = trust === 'given'
  say({
    severity: isGiven ? 'high' : isCovered ? 'low' : 'medium',
    code: 'chain.key-unknown',
    message: `${unknown.length} head(s) are signed with a key that is not ${isGiven ? 'one of those given' : 'known here'}: ${[...new Set(unknown.map(({ head }) => head.keyId))].join(', ')}`,
    count: unknown.length,
    next: isGiven ? `${GIVE}, if the operator tells you so in person.` : `${GIVE}.`,
  })
}

/** Once there was a key every head has a signature: others had theirs taken off, or were put in the place of such. */
function judgeUnsigned(about: Case): void {
  const { own, heads, trust, say } = about
  const unsigned = own.filter((one) => !isMark(one) && one.signature === 'none')
  if (unsigned.length === 0) return
  const good = heads.filter((one) => !isMark(one) && one.signature === 'good')
  const mine = good.filter(({ head }) => head.domain === about.walk.domain).map(numberOf)
  const first = mine.length > 0 ? Math.min(...mine) : good.length > 0 ? 0 : Number.POSITIVE_INFINITY
  const stripped = unsigned.filter((one) => !(numberOf(one) < first))
  const rest = unsigned.filter((one) => !stripped.includes(one))
  if (stripped.length > 0)
    say({
      severity: 'high',
      code: 'chain.heads-unsigned',
      message: `${stripped.length} head(s) have no signature though others, older or of the other files, do: it was taken off, first that of ${stripped[0]?.head.id}`,
      count: stripped.length,
      rows: idsOf(stripped),
      next: 'Find out who wrote to identity.db and admin.db, and verify against an export of the heads.',
    })
  if (rest.length > 0) say({ ...unsignedFinding(about, rest.length), severity: severityOf(about, good.length > 0) })
  function severityOf({ fits }: Case, isSigned: boolean): 'high' | 'medium' | 'low' {
    if (trust === 'given' && !isSigned) return 'high'
    if (trust === 'configured' && !isSigned) return 'medium'
    const isSigning = own.some(({ signature }) => signature === 'unknown key')
    const lastSigned = fits.findLast(({ signature }) => signature === 'good' || signature === 'unknown key')
    const isCovered = lastSigned !== undefined && rest.every((one) => timeOf(one) <= timeOf(lastSigned))
    return isSigning && !isCovered ? 'medium' : 'low'
  }
}

const unsignedFinding = ({ trust }: Case, count: number) => ({
  code: 'chain.heads-unsigned',
  message: `${count} head(s) are not signed: whoever can write to all three files can write them anew`,
  count,
  next:
    trust === 'nobody'
      ? 'Set GOGGA_SIGNING_KEY_FILE; see "gogga audit public-key --help".'
      : 'Where there was no key before, "gogga audit heads --sign" says how to begin with it; else somebody took the signatures off.',
})

const idsOf = (heads: readonly Gathered[]): readonly string[] => heads.slice(0, 20).map(({ head }) => head.id)
