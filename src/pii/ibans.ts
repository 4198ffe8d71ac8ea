/**
 * International bank account numbers (ISO 13616): country, two check digits (mod 97), and as many characters of the kinds
 * that the country's register entry names. South Africa has none; people paste those of foreign banks.
 */
import type { PiiSpan } from './kinds.ts'
import { isAlphanumeric } from './scan.ts'

/** The account part by country, from SWIFT's register: n digits, a letters, c either. */
const structures: Readonly<Record<string, string>> = Object.fromEntries(
  `AD8n12c AE19n AL8n16c AT16n AZ4a20c BA16n BE12n BG4a6n8c BH4a14c BI23n BR23n1a1c BY4c4n16c CH5n12c CR18n CY8n16c CZ20n
  DE18n DJ23n DK14n DO4c20n EE16n EG25n ES20n FI14n FK2a12n FO14n FR10n11c2n GB4a14n GE2a16n GI4a15c GL14n GR7n16c
  GT24c HN4a20n HR17n HU24n IE4a14n IL19n IQ4a15n IS22n IT1a10n12c JO4a4n18c KW4a22c KZ3n13c LB4n20c LC4a24c LI5n12c
  LT16n LU3n13c LV4a13c LY21n MC10n11c2n MD20c ME18n MK3n10c2n MN16n MR23n MT4a5n18c MU4a19n3a NI4a20n NL4a10n NO11n
  OM3n16c PK4a16c PL24n PS4a21c PT21n QA4a21c RO4a16c RS18n RU14n15c SA2n18c SC4a20n3a SD14n SE20n SI15n SK20n
  SM1a10n12c SO19n ST21n SV4a20n TL19n TN20n TR6n16c UA6n19c VA18n VG4a16n XK16n YE4a4n18c`
    .split(/\s+/)
    .map((entry) => [entry.slice(0, 2), entry.slice(2)]),
)

interface Form {
  readonly length: number
  readonly pattern: RegExp
}

const HEAD = 4
const COUNTRY = 2
const classes: Readonly<Record<string, string>> = { n: '[0-9]', a: '[A-Z]', c: '[0-9A-Z]' }

const forms = new Map(
  Object.entries(structures).map(([country, structure]): [string, Form] => {
    const parts = [...structure.matchAll(/(\d+)([nac])/g)]
    const length = parts.reduce((sum, [, count]) => sum + Number(count), HEAD)
    const account = parts.map(([, count, kind = 'c']) => `${classes[kind]}{${count}}`).join('')
    return [country, { length, pattern: new RegExp(`^${country}[0-9]{2}${account}$`) }]
  }),
)

const heads = /(?<![0-9A-Za-z])(?:iban)?([a-z]{2}) ?[0-9]{2}/gi
/** One of these, or two spaces, may stand between groups, as printed in fours. */
const separators = new Set([...' -./_\u00a0\u2007\u2009\u202f\u2010\u2011'])

/** Appends every IBAN of `text`, in whatever case. Reads at most a number's length from each head on: linear. */
export function pushIbans(text: string, spans: PiiSpan[]): void {
  for (const { index, 0: head, 1: country = '' } of text.matchAll(heads)) {
    const form = forms.get(country.toUpperCase())
    if (form === undefined) continue
    const start = index + head.search(/[a-z]{2} ?[0-9]{2}$/i)
    const { characters, end } = read(text, start, form.length)
    if (isAlphanumeric(text.charCodeAt(end)) || !form.pattern.test(characters) || !hasMod97(characters)) continue
    spans.push({ kind: 'iban', start, end, value: text.slice(start, end), bare: false })
  }
}

/** As many letters and digits as asked for, separators left out, or fewer where something else comes first. */
function read(text: string, start: number, length: number): { characters: string; end: number } {
  let characters = ''
  let at = start
  while (characters.length < length) {
    if (characters.length === COUNTRY && text.charAt(at) === ' ') at++
    if (characters.length > HEAD - 1 && separators.has(text.charAt(at))) at += text.startsWith('  ', at) ? 2 : 1
    if (!isAlphanumeric(text.charCodeAt(at))) break
    characters += text.charAt(at++)
  }
  return { characters: characters.toUpperCase(), end: at }
}

/** ISO 7064: the account part, then country and check digits, letters as 10 to 35, leave 1 when divided by 97. */
export function hasMod97(characters: string): boolean {
  let rest = 0
  for (const character of characters.slice(HEAD) + characters.slice(0, HEAD)) {
    const value = Number.parseInt(character, 36)
    rest = (value > 9 ? rest * 100 + value : rest * 10 + value) % 97
  }
  return rest === 1
}
