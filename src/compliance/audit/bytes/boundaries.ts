/**
 * Whether a number goes on beyond its ends. In a raw file columns touch: `41.13.2.5` and the date behind it make
 * `41.13.2.52026-11-22`. So an address counts unless the digits around it make another address, as in `141.13.2.50`.
 */
import { NIBBLE } from './classes.ts'
import { KINDS } from './kinds.ts'

const DOT = 0x2e
const COLON = 0x3a
const HIGHEST_OCTET = 255
const isDigit = (byte: number | undefined): boolean => byte !== undefined && byte >= 0x30 && byte <= 0x39

const IP = KINDS.indexOf('ip')
const NUMBERS = ['phone', 'idNumber', 'card'].map((kind) => KINDS.indexOf(kind as (typeof KINDS)[number]))

/** Whether what stands from `start` to `end` may be a part of another number or address. */
export function isTouched(bytes: Uint8Array, start: number, end: number, kind: number): boolean {
  if (NUMBERS.includes(kind)) return isDigit(bytes[start - 1]) || isDigit(bytes[end])
  if (kind !== IP) return false
  return bytes.subarray(start, end).includes(COLON) ? isInGroup(bytes, start, end) : isInOctet(bytes, start, end)
}

const isHexOrColon = (byte: number | undefined): boolean =>
  byte !== undefined && (byte === COLON || (NIBBLE[byte] as number) >= 0)
const isInGroup = (bytes: Uint8Array, start: number, end: number): boolean =>
  isHexOrColon(bytes[start - 1]) || isHexOrColon(bytes[end])

function isInOctet(bytes: Uint8Array, start: number, end: number): boolean {
  if (bytes[start - 1] === DOT && isDigit(bytes[start - 2])) return true
  if (bytes[end] === DOT && isDigit(bytes[end + 1])) return true
  return (isDigit(bytes[start - 1]) && isOctet(bytes, start)) || (isDigit(bytes[end]) && isOctet(bytes, end - 1))
}

/** Whether all digits around `at` make a number up to 255. */
function isOctet(bytes: Uint8Array, at: number): boolean {
  let from = at
  let to = at + 1
  while (isDigit(bytes[from - 1]) && at - from < 4) from--
  while (isDigit(bytes[to]) && to - at < 5) to++
  const digits = String.fromCharCode(...bytes.subarray(from, to))
  return Number(digits) <= HIGHEST_OCTET
}
