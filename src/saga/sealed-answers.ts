// An answer that holds a secret, kept so that only who repeats the request can open it: AES-256-GCM under a key that is made
// of the request's own key and body, of which the file holds nothing but hashes.
import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto'
import { type Asked, requestText } from './requests.ts'

const IV_BYTES = 12
const TAG_BYTES = 16
const PREFIX = 'sealed:'

export function sealAnswer(answer: string, asked: Asked, randomBytes: (size: number) => Buffer): string {
  const iv = randomBytes(IV_BYTES)
  const cipher = createCipheriv('aes-256-gcm', keyOf(asked, iv), iv)
  const sealed = Buffer.concat([cipher.update(answer, 'utf8'), cipher.final()])
  return PREFIX + Buffer.concat([iv, cipher.getAuthTag(), sealed]).toString('base64')
}

/** An answer that is not sealed is given as it is. Throws where the request is not the one that it was sealed under. */
export function openAnswer(kept: string, asked: Asked): string {
  if (!kept.startsWith(PREFIX)) return kept
  const bytes = Buffer.from(kept.slice(PREFIX.length), 'base64')
  const iv = bytes.subarray(0, IV_BYTES)
  const decipher = createDecipheriv('aes-256-gcm', keyOf(asked, iv), iv)
  decipher.setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES))
  return decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES), undefined, 'utf8') + decipher.final('utf8')
}

const keyOf = (asked: Asked, salt: Buffer): Buffer => {
  const { key = '', route } = asked
  return Buffer.from(hkdfSync('sha256', JSON.stringify([key, requestText(asked)]), salt, `gogga answer ${route}`, 32))
}
