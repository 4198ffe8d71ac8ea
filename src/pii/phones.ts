/**
 * Phone numbers. South African ones (E.164: +27 and nine digits; at home 0 and nine digits) by rules of our own, since
 * nearly all are; others only in international form, by libphonenumber's metadata.
 */
import { isValidPhoneNumber } from 'libphonenumber-js/min'
import type { Candidate } from './kinds.ts'

const nationalDigits = /^0[1-8]\d{8}$/
/** Groups people write; 2,2,4,2 isn't one, since `01-02-2026 10:30` is a date, nor 6,4, which begins an ID number. */
const nationalShapes = new Set('10 3,7 3,3,4 3,4,3 3,2,5 3,3,2,2 3,2,2,3 4,3,3 4,6 4,2,2,2 5,5'.split(' '))
/** 27 and nine digits, also with the 0 that belongs to the national form: +27 (0)82 … */
const southAfrican = /^270?[1-8]\d{8}$/
/** Without + or 00 only shapes that no amount has: 27 500 000 000 is one. */
const bareShapes = new Set(['11', '2,9', '2,2,7', '2,2,3,4', '4,3,4', '4,7'])
/** E.164, less the shortest national numbers with their country code. */
const otherCountry = /^[1-9]\d{6,14}$/

export function isNationalPhone({ digits, shape }: Candidate): boolean {
  return nationalDigits.test(digits) && nationalShapes.has(shape)
}

/** 27821234567, as forms and gateways pass it on. */
export function isPhoneWithoutPlus({ digits, shape, plain }: Candidate): boolean {
  return plain && /^27[1-8]\d{8}$/.test(digits) && bareShapes.has(shape)
}

/** After a plus sign, or after the 00 it stands for. */
export function isInternationalPhone({ digits }: Candidate, plus: boolean): boolean {
  if (!plus && !digits.startsWith('00')) return false
  const number = plus ? digits : digits.slice(2)
  if (number.startsWith('27')) return southAfrican.test(number)
  return otherCountry.test(number) && isValidPhoneNumber(`+${number}`)
}
