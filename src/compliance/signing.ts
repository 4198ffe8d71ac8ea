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

/** What named a file: an option, or the variable. */
export type NamedBy = 'GOGGA_SIGNING_KEY_FILE' | '--sign' | '--public-key'

/** PEM with PKCS#8. Throws UsageError that says what is wrong with the file, never what is in it. */
export function readSigningKey(file: string, by: NamedBy = 'GOGGA_SIGNING_KEY_FILE'): SigningKey {
  const named = { file, by }
  const key = privateKeyIn(named, read(named))
  requirePrivate(named)
  const publicKey = createPublicKey(key)
  const publicPem = publicKey.export({ type: 'spki', format: 'pem' }).toString()
  return { id: idOf(publicKey), sign: (bytes) => sign(null, bytes, key), publicPem }
}

/** Public keys of a file in PEM, one or several. Throws UsageError. */
export function readPublicKeys(file: string): readonly string[] {
  const pems = read({ file, by: '--public-key' })
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

interface Named {
  readonly file: string
  readonly by: NamedBy
}

const wrong = ({ file, by }: Named, what: string, hint: string, cause?: unknown): UsageError =>
  new UsageError(`${by}: the key file ${file} ${what}`, { hint, cause })

const MAKE_ONE = 'openssl genpkey -algorithm ed25519 -out signing.pem; chmod 600 signing.pem.'
const OR_NONE = `Where there never was one: ${MAKE_ONE} Unset, nothing is signed.`
/** Never over the file that is there: it may be somebody's key. */
const MAKE = `Name another file. To make one: ${MAKE_ONE} Give its public key to whoever audits.`

const READ_CODES: Readonly<Record<string, readonly [what: string, hint: string]>> = {
  ENOENT: ['is not there', 'Put the key there, or name the file that holds it.'],
  ENOTDIR: ['is not there', 'Put the key there, or name the file that holds it.'],
  EISDIR: ['is a folder, expected a file', 'Name the file itself.'],
  EACCES: [
    'may not be read by this user',
    "Give it to this user: chown it, with mode 600, and its folder's right to enter.",
  ],
}

function read(named: Named): Buffer {
  try {
    return readFileSync(named.file)
  } catch (cause) {
    const { code = 'unknown' } = cause as NodeJS.ErrnoException
    const [what, hint] = READ_CODES[code] ?? [`cannot be read: ${code}`, 'Check the name and the rights on the file.']
    const other = what === 'is not there' && named.by === 'GOGGA_SIGNING_KEY_FILE' ? ` ${OR_NONE}` : ''
    throw wrong(named, what, `${hint}${other}`, cause)
  }
}

function privateKeyIn(named: Named, pem: Buffer): KeyObject {
  const key = readable(() => createPrivateKey(pem))
  if (key?.asymmetricKeyType === 'ed25519') return key
  const text = pem.toString('latin1')
  const expected = 'expected an Ed25519 private key in PEM'
  if (key) throw wrong(named, `holds a private key of the kind ${key.asymmetricKeyType}, ${expected}`, MAKE)
  if (text.trim() === '') throw wrong(named, `is empty, ${expected}`, MAKE)
  if (/-----BEGIN ENCRYPTED|^Proc-Type: 4,ENCRYPTED/m.test(text))
    throw wrong(
      named,
      'holds a key behind a passphrase, which nobody is there to type',
      'openssl pkey -in OLD -out signing.pem; chmod 600 signing.pem; and name that file, on a disk that is encrypted itself.',
    )
  if (text.includes('-----BEGIN PUBLIC KEY'))
    throw wrong(named, `holds a public key, ${expected}`, 'Name the private key that it belongs to.')
  throw wrong(named, `does not hold an Ed25519 private key in PEM`, MAKE)
}

function requirePrivate(named: Named): void {
  const mode = statSync(named.file).mode & 0o777
  if (process.platform === 'win32' || (mode & TOO_OPEN) === 0) return
  const what = `has the mode ${mode.toString(8)}, expected at most 640: others could sign with it`
  throw wrong(named, what, `chmod 600 ${named.file}; where others had access to it, make a new key.`)
}

function readable<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch {
    return undefined
  }
}
