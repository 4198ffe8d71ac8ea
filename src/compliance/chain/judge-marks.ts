// Marks of restores: a signed one is a notice with what it took back; one without a signature is worth what an unsigned head is.
import { type Gathered, goesBehind, isMark, isOfFuture, rankOf, supersedes } from './gathered-heads.ts'
import type { Case } from './judged.ts'

export function judgeMarks(about: Case): void {
  const { valid, now, walk, say } = about
  const marks = valid.filter(isMark)
  for (const mark of marks) {
    const { id, position, createdAt } = mark.head
    const finding = { count: 1, rows: [id], position }
    if (isOfFuture(mark, now))
      say({
        ...{ ...finding, severity: 'high', code: 'chain.mark-future' },
        message: `A mark says that ${walk.domain}.db will have been put back at ${createdAt}: it counts as nothing`,
        next: 'Somebody wrote it past the application, or the clock of this machine is wrong.',
      })
    else if (marks.some((other) => confirms(other, mark))) continue
    else if (mustBeSigned(mark, valid, now))
      say({
        ...{ ...finding, severity: 'high', code: 'chain.mark-unsigned' },
        message: `A mark without a signature that is known says that ${walk.domain}.db was put back at ${createdAt}, ${wayOf(mark, valid)}: it explains nothing, since whoever can write to the files could have made it`,
        next: `Where your own record of restores has it, sign it: "gogga audit heads --sign --accept ${id}". Else find out who wrote to identity.db and admin.db.`,
      })
    else
      say({
        ...{ ...finding, severity: 'info', code: 'chain.restored' },
        message: `${walk.domain}.db was put back at ${createdAt}, ${wayOf(mark, valid)}${mark.signature === 'none' ? ', which nobody signed' : ''}: what was logged after position ${position} until then is not in the chain, but for rows that the restore took over and logged again`,
        next: 'Compare it with your own record of restores.',
      })
  }
}

type Signed = Pick<Gathered, 'head' | 'signature'>

/** It says the same with a better signature. */
export const confirms = (other: Signed, mark: Signed): boolean =>
  rankOf(other) > rankOf(mark) &&
  other.head.createdAt === mark.head.createdAt &&
  other.head.position === mark.head.position &&
  other.head.hash.equals(mark.head.hash)

/** It would take back a head whose signature is worth more, and nothing else does. */
export const mustBeSigned = <One extends Signed>(mark: One, valid: readonly One[], now: Date): boolean =>
  valid.some(
    (one) =>
      !isMark(one) &&
      goesBehind(mark, one) &&
      rankOf(one) > rankOf(mark) &&
      !valid.some((other) => supersedes(other, one, now)),
  )

/** From where to where, as far as heads tell. */
export function wayOf(mark: Signed, heads: readonly Signed[]): string {
  const { position } = mark.head
  const behind = heads.filter((one) => !isMark(one) && goesBehind(mark, one))
  const furthest = behind.toSorted((a, b) => a.head.position - b.head.position).at(-1)?.head
  if (!furthest) return `from a position that no head here tells to position ${position}`
  return `from position ${furthest.position} or later (${furthest.id} of ${furthest.createdAt}) to position ${position}`
}
