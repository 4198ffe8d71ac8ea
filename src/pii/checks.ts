/** South African ID numbers (YYMMDDSSSSCAZ: birth, sequence, citizenship, a digit without meaning today, check digit) and payment card numbers (ISO/IEC 7812), by their own check rules. */
import type { Candidate } from './kinds.ts'

/** Luhn's check digit (ISO/IEC 7812-1, annex B). */
export function hasLuhn(digits: string): boolean {
  let sum = 0
  for (let at = digits.length - 1, isDoubled = false; at >= 0; at--, isDoubled = !isDoubled) {
    const digit = digits.charCodeAt(at) - 48
    sum += isDoubled ? (digit > 4 ? digit * 2 - 9 : digit * 2) : digit
  }
  return sum % 10 === 0
}

const daysOfMonth = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

/** YYMMDD of either century: 000229 is one, since 2000 was a leap year. */
function isDate(digits: string): boolean {
  const year = Number(digits.slice(0, 2))
  const month = Number(digits.slice(2, 4))
  const day = Number(digits.slice(4, 6))
  const days = daysOfMonth[month - 1]
  if (days === undefined || day < 1 || day > days) return false
  return month !== 2 || day < 29 || year % 4 === 0
}

/** In one piece, or in two to seven; groups of one digit come last. */
const idShape = /^(?:13|[2-9](?:,[2-9]){1,5}(?:,1)?|1[0-2](?:,[1-9])+)$/

/** 0 citizen, 1 permanent resident, 2 refugee (Identification Act 68 of 1997; Refugees Act 130 of 1998). */
const citizenships = '012'
const CITIZENSHIP = 10

export function isIdNumber({ digits, shape, plain, uniform }: Candidate): boolean {
  if (digits.length !== 13 || !(plain || uniform) || !idShape.test(shape)) return false
  return isDate(digits) && citizenships.includes(digits.charAt(CITIZENSHIP)) && hasLuhn(digits)
}

/** Issuer prefixes and lengths that are in use; 1 (airlines) and other 6s are not, which keeps timestamps out. */
const issuers: readonly RegExp[] = [
  /^4(?:\d{12}|\d{15}|\d{18})$/, // Visa
  /^(?:5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12})$/, // Mastercard
  /^3[47]\d{13}$/, // American Express
  /^3(?:0[0-5]|095|6|[89])\d+$/, // Diners Club
  /^6(?:011|4[4-9]|5)\d+$/, // Discover
  /^35(?:2[89]|[3-8]\d)\d{12,15}$/, // JCB
  /^(?:5[0678]|6304|6390|67)\d+$/, // Maestro
  /^(?:62|81)\d{14,17}$/, // UnionPay
]
const SHORTEST_DISCOVER = 16
const SHORTEST_DINERS = 14

/** Fours with a shorter rest, as printed on cards, and the shapes of American Express, Diners Club and Maestro. */
const cardShape = /^(?:\d\d|4,4,4(?:,4)?(?:,[1-4])?|4,4,5|4,6,[45]|6,13|8,8)$/

export function isCardNumber({ digits, shape, uniform }: Candidate): boolean {
  if (digits.length < 13 || digits.length > 19 || !uniform || !cardShape.test(shape)) return false
  if (/^6(?:011|[45])/.test(digits) && digits.length < SHORTEST_DISCOVER) return false
  if (digits.startsWith('3') && digits.length < SHORTEST_DINERS) return false
  return hasLuhn(digits) && issuers.some((issuer) => issuer.test(digits))
}
