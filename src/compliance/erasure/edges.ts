// Where a value ends in a text: `ann@x.example` in `joann@x.example` is a part of another address, `196.25.1.7` in `196.25.1.70`
// of another number. Bytes beyond ASCII count as letters.
const AT = 0x40
const DOT = 0x2e
const HYPHEN = 0x2d
/** Marks that join words in the local part of an address; others of RFC 5321 are rather what stands before one, as in `?to=`. */
const JOINTS = new Set([..."'`.+_~-"].map((mark) => mark.charCodeAt(0)))
/** Nothing that is looked for is longer. */
const FARTHEST = 300

const isDigit = (byte = 0): boolean => byte >= 0x30 && byte <= 0x39
const isLetter = (byte = 0): boolean => (byte >= 0x61 && byte <= 0x7a) || (byte >= 0x41 && byte <= 0x5a) || byte >= 0x80
const isWord = (byte?: number): boolean => isDigit(byte) || isLetter(byte)

type Edge = (bytes: Uint8Array, at: number) => boolean

const beforeAddress: Edge = (bytes, at) => isWord(bytes[at]) || (JOINTS.has(bytes[at] ?? 0) && isWord(bytes[at - 1]))
const behindAddress: Edge = (bytes, at) =>
  isWord(bytes[at]) || ((bytes[at] === DOT || bytes[at] === HYPHEN) && isWord(bytes[at + 1]))

const beforeIp: Edge = (bytes, at) => isWord(bytes[at]) || (isJoint(bytes[at]) && isWord(bytes[at - 1]))
const behindIp: Edge = (bytes, at) => isWord(bytes[at]) || (isJoint(bytes[at]) && isWord(bytes[at + 1]))
const isJoint = (byte?: number): boolean => byte === DOT || byte === 0x3a

const besideWord: Edge = (bytes, at) => isWord(bytes[at])

const NUMERIC = /^[\d.]+$|^[\da-f:.]*:[\da-f:.]*$/i

/** The first byte of what the value from `start` to `end` belongs to, and the one behind it; the same where it stands alone. */
export function edgesOf(bytes: Uint8Array, start: number, end: number): readonly [from: number, to: number] {
  const value = bytes.subarray(start, end)
  const isAddress = value.includes(AT)
  const isIp = !isAddress && NUMERIC.test(Buffer.from(value).toString('latin1'))
  const [before, behind] = isAddress
    ? [beforeAddress, behindAddress]
    : isIp
      ? [beforeIp, behindIp]
      : [besideWord, besideWord]
  let [from, to] = [start, end]
  while (from > 0 && start - from < FARTHEST && before(bytes, from - 1)) from--
  while (to < bytes.length && to - end < FARTHEST && behind(bytes, to)) to++
  return [from, to]
}
