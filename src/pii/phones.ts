/**
 * Phone numbers. South African ones (E.164: +27 and nine digits; at home 0 and nine digits) by rules of our own, since
 * nearly all are; others only in international form, by libphonenumber's metadata.
 */
import { isValidPhoneNumber } from 'libphonenumber-js/min'
import { type Candidate, SEPARATORS } from './kinds.ts'

const { SLASH, UNDERSCORE, LINE } = SEPARATORS
const MARKS = (1 << SLASH) | (1 << UNDERSCORE)
const LINE_END = 1 << LINE

/** The numbering plan's area codes, mobile ranges, and toll-free, shared-cost, VoIP and premium ones. */
const nationalDigits = /^0(?:1[0-8]|2[1-8]|3[1-69]|4\d|5[13-8]|6\d|7[0-46-9]|8\d)\d{7}$/
/** Groups people write; 2,2,4,2 isn't one, since `01-02-2026 10:30` is a date, nor 6,4, which begins an ID number. */
const nationalShapes = new Set(
  '10 3,7 3,3,4 3,4,3 3,2,5 3,3,2,2 3,2,2,3 4,3,3 4,6 4,2,2,2 5,5 2,4,4 1,2,3,4'.split(' '),
)
/** With a slash or an underscore between. */
const markedShapes = new Set(['3,3,4', '3,7'])
/** As times and draws of a lottery are, where no pair is more than 59. */
const PAIRS = '2,2,2,2,2'
const beyondTimes = /^(?:\d\d)*[6-9]\d/
const mobile = /^0[678]/
/** 27 and nine digits, also with the 0 that belongs to the national form: +27 (0)82 … */
const southAfrican = /^270?[1-8]\d{8}$/
/** Without + or 00 only shapes that no amount has: 27 500 000 000 is one. */
const bareShapes = new Set(['11', '2,9', '2,2,7', '2,2,3,4', '4,3,4', '4,7'])
/** E.164, less the shortest national numbers with their country code. */
const otherCountry = /^[1-9]\d{6,14}$/

export function isNationalPhone({ digits, shape, plain, separators }: Candidate): boolean {
  if (!nationalDigits.test(digits)) return false
  if ((separators & MARKS) === 0) return nationalShapes.has(shape) && ((separators & LINE_END) === 0 || plain)
  return markedShapes.has(shape) && (separators === 1 << SLASH || separators === 1 << UNDERSCORE)
}

/** 08 25 55 77 88, by itself. */
export function isPhoneInPairs({ digits, shape, plain }: Candidate): boolean {
  return (
    shape === PAIRS && plain && mobile.test(digits) && nationalDigits.test(digits) && beyondTimes.test(digits.slice(2))
  )
}

/** 27821234567, as forms and gateways pass it on. */
export function isPhoneWithoutPlus({ digits, shape, plain }: Candidate): boolean {
  return plain && /^27[1-8]\d{8}$/.test(digits) && bareShapes.has(shape)
}

/** After a plus sign, or after the 00 it stands for. */
export function isInternationalPhone({ digits, separators }: Candidate, plus: boolean): boolean {
  if ((separators & (MARKS | LINE_END)) !== 0 && !(plus && separators === 1 << SLASH)) return false
  if (!plus && !digits.startsWith('00')) return false
  const number = plus ? digits : digits.slice(2)
  if (number.startsWith('27')) return southAfrican.test(number)
  return otherCountry.test(number) && isValidPhoneNumber(`+${number}`)
}
