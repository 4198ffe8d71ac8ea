/** IPv4 and IPv6 addresses (RFC 4291, section 2.2; zones by RFC 4007). A /prefix or :port stays outside the span. */
import { isIP } from 'node:net'
import type { PiiSpan } from './kinds.ts'
import { isAlphanumeric, isDigit, isHex } from './scan.ts'

// Not a part of 1.2.3.4.5, v1.2.3.4 or a hash; leading zeros are let through, since logs pad with them.
const octet = '(?:25[0-5]|2[0-4]\\d|[01]?\\d?\\d)'
const ipv4 = new RegExp(`(?<![0-9A-Za-z]|\\d\\.)${octet}(?:\\.${octet}){3}(?![0-9A-Za-z]|\\.\\d)`, 'g')
const zone = /%[0-9A-Za-z][0-9A-Za-z._~-]*/y
/** The longest address without a zone: six groups and an IPv4 address, or eight groups and stray colons around. */
const LONGEST = 49

const COLON = 58
const DOT = 46

export function pushIpv4(text: string, spans: PiiSpan[]): void {
  for (const found of text.matchAll(ipv4)) {
    spans.push({ kind: 'ip', start: found.index, end: found.index + found[0].length, value: found[0], bare: false })
  }
}

/** Looks at every run of hex digits, colons and dots that has a colon in it; net.isIP decides. */
export function pushIpv6(text: string, spans: PiiSpan[]): void {
  let end = 0
  for (let at = text.indexOf(':'); at !== -1; at = text.indexOf(':', end)) {
    let start = at
    while (start > end && at - start < LONGEST && isAddressCharacter(text.charCodeAt(start - 1))) start--
    end = at + 1
    while (isAddressCharacter(text.charCodeAt(end))) end++
    const span = end - start > 2 ? addressIn(text, start, end) : undefined
    if (span !== undefined) spans.push(span)
  }
}

function isAddressCharacter(code: number): boolean {
  return isHex(code) || code === COLON || code === DOT
}

/** The address within a run of hex digits, colons and dots, if there is one. */
function addressIn(text: string, runStart: number, runEnd: number): PiiSpan | undefined {
  let end = withoutTail(text, runStart, runEnd)
  let start = runStart
  if (text.charCodeAt(start) === COLON && text.charCodeAt(start + 1) !== COLON) start++
  if (text.startsWith(':::', start)) start++
  // A key may touch its value: ip6:fe80::1 and add:fe80:0:0:0:0:0:0:1 begin after the first colon.
  for (let attempt = 0; attempt < 2; attempt++) {
    if (
      end - start > 2 &&
      end - start <= LONGEST &&
      isBounded(text, start, end) &&
      isIP(text.slice(start, end)) === 6
    ) {
      end = zoneEnd(text, end)
      return { kind: 'ip', start, end, value: text.slice(start, end), bare: false }
    }
    const colon = text.indexOf(':', start)
    if (colon === -1 || colon >= end || text.charCodeAt(colon + 1) === COLON || !isKey(text, start, colon))
      return undefined
    start = colon + 1
  }
  return undefined
}

/** A word such as `add` or the rest of `ip6`; a group of digits that stands by itself is none. */
function isKey(text: string, start: number, end: number): boolean {
  return end > start && (isAlphanumeric(text.charCodeAt(start - 1)) || !/\d/.test(text.slice(start, end)))
}

/** The end without the punctuation of a sentence: `::1.` and `fe80::1:`, but `fe80::` keeps its colons. */
function withoutTail(text: string, start: number, end: number): number {
  let last = end
  while (last > start && text.charCodeAt(last - 1) === DOT) last--
  const colons = text.charCodeAt(last - 1) === COLON && text.charCodeAt(last - 2) === COLON
  return text.charCodeAt(last - 1) === COLON && (!colons || text.charCodeAt(last - 3) === COLON) ? last - 1 : last
}

function isBounded(text: string, start: number, end: number): boolean {
  if (isAlphanumeric(text.charCodeAt(start - 1)) || isAlphanumeric(text.charCodeAt(end))) return false
  return !(text.charCodeAt(start - 1) === DOT && isDigit(text.charCodeAt(start - 2)))
}

function zoneEnd(text: string, end: number): number {
  zone.lastIndex = end
  if (!zone.test(text)) return end
  let last = zone.lastIndex
  while (text.charCodeAt(last - 1) === DOT) last--
  return last
}
