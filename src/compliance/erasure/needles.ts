// What the proof looks for: values that were the person's alone. A value that somebody else has too (an address that passed
// on, an IP of a household) cannot be absent, and says nothing of the person any more.
import type { TakenValues } from '../../identity/erasure.ts'
import type { Needle } from '../audit/bytes/kinds.ts'
import { skipReasonOf } from '../audit/bytes/needles.ts'
import { onThread } from './thread.ts'

/** A value with its kind in the words of receipts: `email`, `ip` or `text`. */
export interface Own {
  readonly kind: string
  readonly needle: Needle
}

export interface Needles {
  readonly own: readonly Own[]
  /** Those, and the ones that are not looked for. */
  readonly all: readonly Own[]
  /** Longer values of others that hold one. */
  readonly within: readonly string[]
  /** Values that are somebody else's as well, or too short to say anything. */
  readonly left: number
  /** How many of these each column of identity.db holds. */
  readonly leftIn: Readonly<Record<string, number>>
}

/** ASCII alone, as the search of raw bytes compares. */
export const foldedText = (text: string): string => text.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase())

/** On a thread of its own, over what `identity`, the path of a file, holds after the erasure of `ids`. */
export async function needlesOf(identity: string, values: TakenValues, ids: readonly string[]): Promise<Needles> {
  const all = ownOf(values)
  const sought = all.filter(({ needle }) => skipReasonOf(needle) === undefined)
  const { shared, within } = await onThread({
    kind: 'holders',
    path: identity,
    ids,
    values: sought.map(({ needle }) => needle),
  })
  const own = sought.filter(({ needle }) => !shared.has(foldedText(needle.value)))
  const places = [...shared.values()].flat()
  const leftIn = Object.fromEntries(
    [...Map.groupBy(places, (place) => place)].map(([place, list]) => [place, list.length]),
  )
  return { own, all, within, left: all.length - own.length, leftIn }
}

/** Once each; spellings that differ in case are one value. An address that stood in a text is looked for as an address. */
function ownOf(values: TakenValues): readonly Own[] {
  const found = new Map<string, Own>()
  for (const [name, texts] of Object.entries(values) as [string, readonly string[]][]) {
    for (const text of texts) {
      const value = text.trim()
      if (value === '' || found.has(foldedText(value))) continue
      const kind = name.replace(/s$/, '')
      const known = (kind === 'email' && value.includes('@')) || kind === 'ip' ? kind : 'text'
      found.set(foldedText(value), { kind, needle: { kind: known, value } })
    }
  }
  return [...found.values()]
}
