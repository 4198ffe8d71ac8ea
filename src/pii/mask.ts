/** What people see who may not read personal information: enough to tell two rows apart, too little to reach anyone. */

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

/** Free text, whole: a name or a street in it is found by no detector. */
export function maskText(_text: string): string {
  return STARS
}

/** The first character, which may take two code units. */
const firstOf = (text: string): string => String.fromCodePoint(text.codePointAt(0) ?? 0)
