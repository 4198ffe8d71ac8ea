// What a reviewer kept against the files. Nothing in the files makes it unsaid: a signed mark of a restore explains it, and then
// the record of that restore is to be asked for.
import { HEAD_FILES } from '../../database/chain-heads.ts'
import { type Gathered, isMark, isOfFuture, supersedes, timeOf } from './gathered-heads.ts'
import type { Case } from './judged.ts'

export function judgeExport(about: Case): void {
  judgeMissing(about)
  judgeTakenBack(about)
}

const isKept = ({ sources }: Gathered): boolean => sources.includes('export')

/** Both files were put back by restores that are signed: then the newest heads went with them. */
function isExplained(one: Gathered, { heads, now }: Case): boolean {
  const isRestored = (file: string) =>
    heads.some(
      (mark) =>
        isMark(mark) &&
        mark.signature === 'good' &&
        mark.head.domain === file &&
        timeOf(mark) >= timeOf(one) &&
        !isOfFuture(mark, now),
    )
  return HEAD_FILES.every(isRestored)
}

function judgeMissing(about: Case): void {
  const { own, say } = about
  const there = new Set(own.filter(({ sources }) => sources.some((one) => one !== 'export')).map(({ head }) => head.id))
  const missing = own.filter((one) => isKept(one) && !there.has(one.head.id))
  if (missing.length === 0) return
  const last = missing.at(-1)?.head
  const isRestored = missing.every((one) => isExplained(one, about))
  say({
    severity: isRestored ? 'medium' : 'high',
    code: 'chain.head-missing',
    message: `${missing.length} head(s) that you kept are in neither file, the newest ${last?.id} of ${last?.createdAt}, at position ${last?.position}`,
    count: missing.length,
    rows: missing.slice(0, 20).map(({ head }) => head.id),
    next: isRestored
      ? 'Both files that hold heads were put back since, as signed: ask for the record of those restores.'
      : 'Heads are never removed: they were, or the files were put back to before them. Ask for backups of before.',
  })
}

function judgeTakenBack({ own, valid, binding, now, walk, say }: Case): void {
  const back = own.filter(
    (one) => isKept(one) && !isMark(one) && valid.includes(one) && !binding.includes(one) && !isThere(one),
  )
  const last = back.toSorted((a, b) => a.head.position - b.head.position).at(-1)
  const mark = last && valid.findLast((one) => one.signature === 'good' && supersedes(one, last, now))
  if (!last || !mark) return
  const { createdAt, position, id } = mark.head
  say({
    severity: 'medium',
    code: 'chain.taken-back',
    message: `${walk.domain}.db was put back at ${createdAt} from position ${last.head.position}, of which you kept the head ${last.head.id}, to position ${position}, as signed in ${id}`,
    count: back.length,
    position,
    next: 'Ask for the record of that restore: what was logged between the two positions is gone from the chain.',
  })
  function isThere({ head }: Gathered): boolean {
    return walk.hashes.get(head.position)?.equals(head.hash) === true
  }
}
