// What to do where the bytes do not say yet that nothing is left: it depends on where something was found.
import { type Found, isClean, isProven, type Proof } from './receipt.ts'
import type { Sought } from './sought.ts'

export interface Searches {
  readonly proofs: readonly Proof[]
  readonly sought: Sought
  /** The values, for a repeat. */
  readonly isKept: boolean
}

/** One sentence for each place, and how to search again. */
export function nextSteps({ proofs, sought, isKept }: Searches, subjectId: string): readonly string[] {
  if (isProven(proofs, sought)) return []
  const again = isKept
    ? `Then run "gogga subject erase ${subjectId}" again: the values are kept for it.`
    : `Then run "gogga subject erase ${subjectId} --search FILE", with the values to look for in FILE, one a line.`
  const last = proofs.at(-1)
  if (!last) return [`Not searched: whoever erased was ended before. ${again.replace('Then run', 'Run')}`]
  // What an older state holds back leaves the file with it.
  const logs = last.found.filter(({ where }) => where === 'wal')
  const isBehindLog = ({ file, where }: Found) => where !== 'wal' && logs.some((log) => log.file === `${file}-wal`)
  const found = last.found.filter((one) => !isBehindLog(one)).map((one) => `${one.file}: ${stepFor(one)}`)
  const unread = (last.unread ?? []).map((file) => `${file}: make it readable for this user.`)
  if (found.length + unread.length > 0) return [...new Set([...found, ...unread]), again]
  const left = sought.values.filter(({ open }) => open)
  if (isClean(last) && left.length > 0) {
    const kinds = [...new Set(left.map(({ kind }) => kind))].sort().join(', ')
    return [
      `${left.length} of the ${sought.values.length} values were not looked for (kinds: ${kinds}). ${again.replace('Then run', 'Run')}`,
    ]
  }
  if (isClean(last))
    return [
      `An earlier search found something, and the last one looked for fewer values. ${again.replace('Then run', 'Run')}`,
    ]
  return [
    `Nothing was looked for: each value is somebody else's as well, or too short. ${again.replace('Then run', 'Run')}`,
  ]
}

function stepFor({ file, where, tables = [] }: Found): string {
  const [domain = ''] = file.split('.')
  if (file.includes('.before-restore-')) return `"gogga restore ${domain} --forget-old" removes what restores kept.`
  if (where === 'wal') return 'somebody reads an older state of it; end that reader, or restart the server.'
  if (where === 'journal') return 'start the server once, which rolls the journal back.'
  if (file.startsWith('mail/')) return 'remove this mail.'
  if (where === 'file') return 'remove these lines, also where the log was copied to.'
  if (file.startsWith('unassigned'))
    return `look through ${tables.join(' and ') || 'its tables'} with the sqlite3 shell.`
  if (where === 'page' && tables.length > 0)
    return `a row of ${tables.join(' or ')} holds it, or held it: "gogga purge --vacuum" writes the file anew without what was deleted; a row that still holds it must be corrected by hand.`
  return '"gogga purge --vacuum" writes the file anew, without free pages.'
}
