// Canaries: made-up personal information, a value of its own for each place where it is planted, so that a hit names its
// origin; and a search of raw bytes that shares no code with src/pii or src/compliance.

/** Luhn's digit, and the IBAN's (ISO 13616), written apart from the code under test. */
const withLuhn = (digits: string): string => {
  const sum = [...digits].reverse().reduce((total, digit, at) => {
    const weighed = Number(digit) * (at % 2 === 0 ? 2 : 1)
    return total + (weighed > 9 ? weighed - 9 : weighed)
  }, 0)
  return `${digits}${(10 - (sum % 10)) % 10}`
}
const withIbanCheck = (country: string, bank: string, account: string): string => {
  const digits = [...`${bank}${account}${country}00`].map((char) => Number.parseInt(char, 36)).join('')
  return `${country}${String(98n - (BigInt(digits) % 97n)).padStart(2, '0')}${bank}${account}`
}
const inFours = (text: string): string => text.replace(/.{4}(?=.)/g, '$& ')
const padded = (nth: number, digits: number): string => String(nth).padStart(digits, '0')

interface Species {
  readonly make: (nth: number) => string
  /** What finds it in lower case, whatever separates its parts; all have one length, since cells of a page touch. */
  readonly pattern: RegExp
}

// At most 10,000 of all kinds together.
const SPECIES = {
  email: { make: (nth) => `canary${padded(nth, 6)}.nkosi@birds.example`, pattern: /canary(\d{6})\.nkosi/g },
  phone: { make: (nth) => `+27 82 555 ${padded(nth, 4)}`, pattern: /27\D?82\D?555\D?(\d{4})/g },
  phoneLocal: { make: (nth) => `084 555 ${padded(nth, 4)}`, pattern: /084\D?555\D?(\d{4})/g },
  idNumber: {
    make: (nth) => withLuhn(`80${padded(1 + Math.floor(nth / 9000), 2)}17${1000 + (nth % 9000)}08`),
    pattern: /80(\d\d)17(\d{4})08\d/g,
  },
  card: {
    make: (nth) => inFours(withLuhn(`411177${padded(nth, 9)}`)),
    pattern: /4111\D?77(\d\d)\D?(\d{4})\D?(\d{3})\d/g,
  },
  ip: {
    make: (nth) => `41.77.${100 + Math.floor(nth / 100)}.${100 + (nth % 100)}`,
    pattern: /41\.77\.(\d{3})\.(\d{3})/g,
  },
  ipv6: { make: (nth) => `2001:db8:77::${(4096 + nth).toString(16)}`, pattern: /2001:db8:77::([\da-f]{4})/g },
  iban: {
    make: (nth) => inFours(withIbanCheck('GB', 'GOGG', padded(nth, 14))),
    pattern: /gogg\D?(\d{4})\D?(\d{4})\D?(\d{4})\D?(\d{2})/g,
  },
} as const satisfies Readonly<Record<string, Species>>

export type Kind = keyof typeof SPECIES
export const KINDS = Object.keys(SPECIES) as readonly Kind[]

export interface Canary {
  readonly kind: Kind
  readonly value: string
  /** `legacy Voucher.voidReason`, `POST /v1/vouchers type` */
  readonly place: string
}

export interface Cage {
  readonly all: readonly Canary[]
  /** A new one, of a value that no other has. */
  plant(kind: Kind, place: string): string
  /** Those that these bytes hold, in whatever form. */
  search(bytes: Buffer): ReadonlySet<Canary>
}

export function createCage(): Cage {
  const byKey = new Map<string, Canary>()
  return {
    get all() {
      return [...byKey.values()]
    },
    plant(kind, place) {
      const canary = { kind, place, value: SPECIES[kind].make(byKey.size) }
      byKey.set(keyIn(kind, canary.value), canary)
      return canary.value
    },
    search(bytes) {
      const found = new Set<Canary>()
      for (const view of viewsOf(bytes))
        for (const kind of KINDS)
          for (const match of view.matchAll(SPECIES[kind].pattern)) {
            const canary = byKey.get(`${kind} ${match.slice(1).join('.')}`)
            if (canary) found.add(canary)
          }
      return found
    },
  }
}

function keyIn(kind: Kind, value: string): string {
  const [match] = value.toLowerCase().matchAll(SPECIES[kind].pattern)
  if (!match) throw new Error(`The search would not find ${value}`)
  return `${kind} ${match.slice(1).join('.')}`
}

/** The bytes as text, and what they hold as UTF-16, percent-encoded, with JSON's escapes, in base64 and in hexadecimal. */
function* viewsOf(bytes: Buffer): Iterable<string> {
  const text = bytes.toString('latin1')
  const character = (_: string, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))
  yield text.toLowerCase()
  yield text.replaceAll('\0', '').toLowerCase()
  yield text.replace(/[%=]([\da-f]{2})/gi, character).toLowerCase()
  yield text.replace(/\\u00([\da-f]{2})/gi, character).toLowerCase()
  for (const [runs, unit, encoding] of CODES)
    for (const [run] of text.matchAll(runs))
      for (let skipped = 0; skipped < unit; skipped++)
        yield Buffer.from(run.slice(skipped), encoding).toString('latin1').toLowerCase()
}

/** Shorter runs hold no canary. */
const CODES = [
  [/[\w+/-]{10,}/g, 4, 'base64'],
  [/[\da-f]{16,}/gi, 2, 'hex'],
] as const
