/** Emails with the same key are one person's: spellings that differ in case, in the spaces around them, or in how Unicode composes an accent. */
export const emailKey = (email: string): string => email.trim().normalize('NFC').toLowerCase()

const IN_LOCAL_PART = /[\p{L}\p{N}._+-]$/u
const IN_DOMAIN = /^(?:[\p{L}\p{N}-]|\.[\p{L}\p{N}])/u

/** Whether text holds the address of this key in any case: the address itself, not one that ends or begins with it. */
export function mentionsEmail(text: string, key: string): boolean {
  const folded = text.normalize('NFC').toLowerCase()
  for (let at = folded.indexOf(key); at >= 0; at = folded.indexOf(key, at + 1)) {
    const [before, after] = [folded.slice(Math.max(0, at - 2), at), folded.slice(at + key.length, at + key.length + 3)]
    if (!IN_LOCAL_PART.test(before) && !IN_DOMAIN.test(after)) return true
  }
  return false
}
