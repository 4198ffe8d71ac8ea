// Signatures that somebody else can check (POPIA section 19): Ed25519 (RFC 8032). The private key lies in a file that only the
// server's user may read; the public one is given to whoever audits.
import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { UsageError } from '../errors.ts'

export interface SigningKey {
  /** See `keyIdOf`. */
  readonly id: string
  /** 64 bytes. */
  sign(bytes: Uint8Array): Buffer
  /** SPKI. */
  readonly publicPem: string
}

const ID_DIGITS = 16
/** A group may read it, as with the other files; nobody else, and only its owner may change it. */
const TOO_OPEN = 0o027

/** PEM with PKCS#8. Throws UsageError that says what is wrong with the file, never what is in it. */
export function readSigningKey(file: string): SigningKey {
  const key = privateKeyIn(file, read(file))
  requirePrivate(file)
  const publicKey = createPublicKey(key)
  const publicPem = publicKey.export({ type: 'spki', format: 'pem' }).toString()
  return { id: idOf(publicKey), sign: (bytes) => sign(null, bytes, key), publicPem }
}

/** Public keys of a file in PEM, one or several. Throws UsageError. */
export function readPublicKeys(file: string): readonly string[] {
  const pems = read(file)
    .toString('latin1')
    .match(/-----BEGIN PUBLIC KEY-----.+?-----END PUBLIC KEY-----/gs)
  const keys = (pems ?? []).map((pem) => readable(() => createPublicKey(pem)))
  if (keys.length === 0 || keys.some((key) => key?.asymmetricKeyType !== 'ed25519'))
    throw new UsageError(`${file} does not hold Ed25519 public keys in PEM`, {
      hint: '"gogga audit public-key" prints the one of the configured key.',
    })
  return pems?.map((pem) => `${pem}\n`) ?? []
}

/** First 16 hexadecimal digits of the SHA-256 of the public key's DER. Throws where it is no public key. */
export const keyIdOf = (publicPem: string): string => idOf(createPublicKey(publicPem))

/** False also where the key is none of Ed25519. */
export function verifySignature(publicPem: string, bytes: Uint8Array, signature: Uint8Array): boolean {
  const key = readable(() => createPublicKey(publicPem))
  return key?.asymmetricKeyType === 'ed25519' && verify(null, bytes, key, signature)
}

const idOf = (key: KeyObject): string =>
  createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest('hex')
    .slice(0, ID_DIGITS)

function read(file: string): Buffer {
  try {
    return readFileSync(file)
  } catch (cause) {
    throw new UsageError(`The key file ${file} cannot be read: ${(cause as NodeJS.ErrnoException).code}`, {
      cause,
      hint: 'Check GOGGA_SIGNING_KEY_FILE and the rights on the file.',
    })
  }
}

function privateKeyIn(file: string, pem: Buffer): KeyObject {
  const key = readable(() => createPrivateKey(pem))
  if (key?.asymmetricKeyType === 'ed25519') return key
  throw new UsageError(`The key file ${file} does not hold an Ed25519 private key in PEM`, {
    hint: `Make one: openssl genpkey -algorithm ed25519 -out ${file}; chmod 600 ${file}. Give its public key to whoever audits.`,
  })
}

function requirePrivate(file: string): void {
  const mode = statSync(file).mode & 0o777
  if (process.platform === 'win32' || (mode & TOO_OPEN) === 0) return
  throw new UsageError(
    `The key file ${file} has the mode ${mode.toString(8)}, expected at most 640: others could sign with it`,
    {
      hint: `chmod 600 ${file}; where others had access to it, make a new key.`,
    },
  )
}

function readable<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch {
    return undefined
  }
}
