/**
 * Characters that look like others: full-width and mathematical letters (NFKC), digits of other scripts, Cyrillic and
 * Greek letters that pass for Latin ones, invisible characters, and O for 0 or l for 1 inside numbers.
 */
import type { Step } from './readings.ts'

/** Invisible: zero-width, direction marks, soft hyphens, fillers, variation selectors, and strokes laid over letters. */
const invisible = /\p{Cf}|\p{Variation_Selector}|\u034f|\u115f|\u1160|\u3164|[\u0334-\u0338]/gu
const beyondAscii = /\P{ASCII}/u

const letters = new Map<string, string>()
for (const [confusable, latin] of [
  ['абвгеѕіјкмнорсԁһԛԝухѵьӏ', 'abbresijkmhopcdhqwyxvbl'],
  ['АВЕЅІЈКМНОРСТԚԜХУ', 'ABESIJKMHOPCTQWXY'],
  ['αβειοκνρτυχ', 'abeioknptux'],
  ['ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ', 'ABEZHIKMNOPTYX'],
  ['ıɑɡɩℓ∶։。᛫‚', 'iagil::...'],
] as const) {
  for (const [place, char] of [...confusable].entries()) letters.set(char, latin.charAt(place))
}

let digitsOfScripts: Map<number, string> | undefined

/** Decimal digits of every script: Unicode keeps the ten of a script together, from 0 to 9. */
function digitMap(): Map<number, string> {
  if (digitsOfScripts) return digitsOfScripts
  const map = new Map<number, string>()
  let count = 0
  for (let code = 0x660; code < 0x1fbfa; code++) {
    if (/\p{Nd}/u.test(String.fromCodePoint(code))) map.set(code, String(count++ % 10))
  }
  digitsOfScripts = map
  return map
}

/** The text as it looks, in ASCII as far as possible; the same text where it is ASCII already. */
export function folded(text: string): string {
  return beyondAscii.test(text) ? looks(text) : text
}

const looks = (text: string): string =>
  text
    .normalize('NFKC')
    .replace(invisible, '')
    .replace(/\P{ASCII}/gu, (char) => {
      if (/\p{Nd}/u.test(char)) return digitMap().get(char.codePointAt(0) ?? 0) ?? char
      if (/\p{Zs}/u.test(char)) return ' '
      return /\p{Pd}/u.test(char) ? '-' : (letters.get(char) ?? char)
    })

const MOST_HELD = 4096
const held = new Map<string, string>()

/** The same character by character, so that each has its place; a letter and the accent after it stay two. */
export const foldSteps: readonly Step[] = [
  [
    /\P{ASCII}/gu,
    (char) => {
      const known = held.get(char)
      if (known !== undefined) return known
      if (held.size >= MOST_HELD) held.clear()
      const looked = looks(char)
      held.set(char, looked)
      return looked
    },
  ],
]

const mixedNumber = /(?<![0-9A-Za-z])[+(]{0,2}[0-9OoIl|](?:[ ().-]{0,2}[0-9OoIl|]){8,18}(?![0-9A-Za-z])/g
const MOST_LETTERS = 4

/** O, I, l and | read as digits where they stand among at least twice as many digits; letters elsewhere stay. */
export const letterSteps: readonly Step[] = [
  [
    mixedNumber,
    (number) => {
      const count = number.replace(/[^OoIl|]/g, '').length
      const digits = number.replace(/\D/g, '').length
      if (count === 0 || count > MOST_LETTERS || digits < 2 * count) return number
      return number.replace(/[Oo]/g, '0').replace(/[Il|]/g, '1')
    },
  ],
]
