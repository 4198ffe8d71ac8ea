// What a thief would try who guesses values: plain digests of them, as bytes, in hexadecimal and in base64.
import { hash } from 'node:crypto'
import type { Cage, Canary } from './birds.ts'
import type { Place } from './places.ts'

const DIGESTS = ['sha256', 'sha1', 'md5'] as const
const FORMS = ['latin1', 'hex', 'base64'] as const

interface Guess {
  readonly bytes: Buffer
  readonly canary: Canary
}

/** `file: digest of place`, for every canary whose digest a file holds. */
export function guessed({ all }: Pick<Cage, 'all'>, places: readonly Place[]): readonly string[] {
  const guesses = new Map<number, Guess[]>()
  for (const canary of all)
    for (const bytes of new Set([canary.value, canary.value.toLowerCase()].flatMap(digestsOf))) {
      const known = guesses.get(bytes.readUInt32LE()) ?? []
      guesses.set(bytes.readUInt32LE(), [...known, { bytes, canary }])
    }
  return places.flatMap(({ name, bytes }) => foundIn(bytes, guesses).map(({ place }) => `${name}: digest of ${place}`))
}

const digestsOf = (value: string): readonly Buffer[] =>
  DIGESTS.flatMap((digest) => {
    const bytes = hash(digest, value, 'buffer')
    return FORMS.map((form) => Buffer.from(bytes.toString(form).replace(/=+$/, ''), 'latin1'))
  })

function foundIn(bytes: Buffer, guesses: ReadonlyMap<number, readonly Guess[]>): readonly Canary[] {
  const found = new Set<Canary>()
  for (let at = 0; at + 4 <= bytes.length; at++)
    for (const guess of guesses.get(bytes.readUInt32LE(at)) ?? [])
      if (guess.bytes.equals(bytes.subarray(at, at + guess.bytes.length))) found.add(guess.canary)
  return [...found]
}
