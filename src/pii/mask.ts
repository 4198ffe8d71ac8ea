/** What people see who may not read personal information: enough to tell two rows apart, too little to reach anyone. */
import { findPii } from './find.ts'
import type { PiiKind } from './kinds.ts'

const STARS = '***'

/** `thabo@example.co.za` → `t***@e***`; what isn't an email becomes `***`. */
export function maskEmail(email: string): string {
  const at = email.lastIndexOf('@')
  if (at < 1) return STARS
  return `${firstOf(email)}${STARS}@${firstOf(email.slice(at + 1))}${STARS}`
}

/** `196.25.1.7` → `196.25.*.*`, `2001:db8::7` → `2001:db8:***`; anything else `***`. */
export function maskIp(ip: string): string {
  const octets = ip.split('.')
  if (octets.length === 4 && !ip.includes(':')) return `${octets[0]}.${octets[1]}.*.*`
  const [first, second] = ip.split(':')
  return ip.includes(':') && first && second ? `${first}:${second}:${STARS}` : STARS
}

/** `+27 82 123 4567` → `***67`. */
export function maskPhone(phone: string): string {
  return STARS + phone.replace(/\D/g, '').slice(-2)
}

/** `4111 1111 1111 1111` → `***1111`, as PCI DSS 3.4 allows. */
export function maskCard(card: string): string {
  return STARS + card.replace(/\D/g, '').slice(-4)
}

/** Nothing of it: its first six digits are a birthday. */
export function maskIdNumber(_idNumber: string): string {
  return STARS
}

const masks: Record<PiiKind, (value: string) => string> = {
  email: maskEmail,
  phone: maskPhone,
  idNumber: maskIdNumber,
  ip: maskIp,
  card: maskCard,
}

/** A text with everything that findPii finds in it masked; valid JSON stays valid. */
export function maskText(text: string): string {
  let masked = ''
  let from = 0
  for (const { kind, start, end, value, bare } of findPii(text)) {
    const mask = masks[kind](value)
    masked += text.slice(from, start) + (bare ? `"${mask}"` : mask)
    from = end
  }
  return masked + text.slice(from)
}

/** The first character, which may take two code units. A quote or backslash would break the JSON around it. */
function firstOf(text: string): string {
  const first = String.fromCodePoint(text.codePointAt(0) ?? 0)
  return first === '"' || first === '\\' ? '*' : first
}
