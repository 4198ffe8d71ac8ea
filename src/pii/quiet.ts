/**
 * The first look of all, since every text that is written gets it: one pass, and a table, that says of most texts that nothing
 * can be in them, as they stand or behind an encoding. May answer no for nothing.
 */
const FEWEST_DIGITS = 4
const FEWEST_COLONS = 6

const LOWER = 1
const UPPER = 2
const DIGIT = 3
const COLON = 4
const LOUD = 5
const kinds = new Uint8Array(128)
for (let code = 97; code <= 122; code++) kinds[code] = LOWER
for (let code = 65; code <= 90; code++) kinds[code] = UPPER
for (let code = 48; code <= 57; code++) kinds[code] = DIGIT
kinds[58] = COLON
for (const char of '@%\\&=') kinds[char.charCodeAt(0)] = LOUD

/** Pairs that only codes and encoded texts have: `aB`, `a1`, `1a`, `1B`; and `::`. */
const loudPairs = new Uint8Array(64)
for (const [first, second] of [
  ...[
    [LOWER, UPPER],
    [LOWER, DIGIT],
    [UPPER, DIGIT],
    [DIGIT, LOWER],
    [DIGIT, UPPER],
    [COLON, COLON],
  ],
] as const)
  loudPairs[first * 8 + second] = 1

/** Whether no detector and no view could show anything. What it says no to is looked at closely. */
export function isQuiet(text: string): boolean {
  let digits = 0
  let colons = 0
  let before = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code > 127) return false
    const kind = kinds[code] as number
    if (kind === 0) {
      before = 0
      continue
    }
    if (kind === LOUD || loudPairs[before * 8 + kind] === 1) return false
    if (kind === DIGIT) digits++
    if (kind === COLON) colons++
    before = kind
  }
  return digits < FEWEST_DIGITS && colons < FEWEST_COLONS
}
