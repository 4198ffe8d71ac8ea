/**
 * What stands beside a number: a label that touches it (ID8001015009087), or a word before it that says what it is. Looked at
 * only where a number was about to be taken for somebody's, so that nothing else pays.
 */
import { isAlphanumeric, isLetter } from './scan.ts'

const LONGEST_LABEL = 16
/** Labels and words that may touch a number; of others only those in lower case or with one capital: `Thabo0825557788`. */
const labels = new Set(
  `id idno idnr idnum idnumber rsaid said sa rsa nr no cell cellno tel telno telephone phone phoneno mobile mob sel selno selfoon foon
  whatsapp wa fax ucingo contact card cardno cc visa mastercard amex kaart iban`.split(/\s+/),
)
/** Words before numbers of things, in English and Afrikaans. */
const references =
  'orders?|order|ord|so|po|ref|refs|reference|inv|invoice|batch|ticket|case|parcel|waybill|tracking|track|barcode|ean|isbn|imei|serial|sku|policy|claim|quote|account|acc|acct|txn|trx|transaction|receipt|rcpt|voucher|meter|code|item|product|bestelling|verwysing|faktuur|rekening'
const NUMBER_SIGN = '(?:[ .]{0,2}(?:no|nr|num|number|nommer|id))?[ .]?[:#=-]?["\']?[ ]?#?'
const reference = new RegExp(`(?<![A-Za-z])(?:${references})${NUMBER_SIGN}$`, 'i')
const referenceWord = new RegExp(`^(?:${references})$`, 'i')
const WINDOW = 32
const cardWord = /(?<![A-Za-z])(?:cards?|cc|visa|master ?card|maestro|kaart|pan|ikhadi)(?![A-Za-z])/i
const phoneWord =
  /(?<![A-Za-z])(?:cell|cellphone|tel|telephone|phones?|phoned|mobile|mob|call|calls|called|dial|ring|sms|whatsapp|wa|fax|contact|reach|number|sel|selfoon|foon|bel|skakel|ucingo|shayela|ushayele|xhumana)(?![A-Za-z])/i
const idWord = /(?<![A-Za-z])(?:id|ids|identity|rsa|identiteit|identiteitsnommer|umazisi|born|gebore)(?![A-Za-z])/i

/** The number at `at` belongs to a thing: the word before it says so. */
export const namesThing = (text: string, at: number): boolean => reference.test(before(text, at))
export const namesCard = (text: string, at: number): boolean => cardWord.test(before(text, at))
export const namesPhone = (text: string, at: number): boolean => phoneWord.test(before(text, at))
export const namesId = (text: string, at: number): boolean => idWord.test(before(text, at))

const before = (text: string, at: number): string => text.slice(Math.max(0, at - WINDOW), at)

/** Whether the letters that touch the digit at `at` are a label or a word: `Cell0825557788`, but not `a0825557788` or `PF0825557788`. */
export function isLabelled(text: string, at: number): boolean {
  let start = at
  while (start > 0 && at - start <= LONGEST_LABEL && isLetter(text.charCodeAt(start - 1))) start--
  if (start === at || isAlphanumeric(text.charCodeAt(start - 1))) return false
  const word = text.slice(start, at)
  if (labels.has(word.toLowerCase())) return true
  return wordLike.test(word) && !hexLike.test(word) && !referenceWord.test(word)
}

const wordLike = /^[A-Za-z][a-z]{2,14}$/
const hexLike = /^[a-f]+$/i

/** Whether what touches a number at its end is a word with a capital: `0825557788Thabo`. */
export const isFollowedByWord = (text: string, at: number): boolean => nextWord.test(text.slice(at, at + LONGEST_LABEL))

const nextWord = /^[A-Z][a-z]{2,14}(?![0-9A-Za-z])/
