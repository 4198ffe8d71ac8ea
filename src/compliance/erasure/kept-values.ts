// What an erasure looks for, from its search until that is clean: sealed in the erasure's row of identity.db, under a random key
// in a file of its own beside admin.db. So no file holds the values, their plain bytes are nowhere, and backups, which never hold
// the key, hold nothing that opens.
import { createCipheriv, createDecipheriv } from 'node:crypto'
import { closeSync, fsyncSync, openSync, readFileSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { syncFolder, writeAll, writeWhole } from '../../database/durable.ts'
import type { TakenValues } from '../../identity/erasure.ts'
import type { Sagas } from '../../saga/sagas.ts'

const KEY_BYTES = 32
const IV_BYTES = 12
const TAG_BYTES = 16

type Where = Pick<Sagas, 'files' | 'randomBytes'>

export const keyFileOf = ({ files }: Pick<Sagas, 'files'>, erasureId: string): string =>
  join(dirname(files.admin.path), `erasure-${encodeURIComponent(erasureId)}.key`)

/** On disk before whatever it seals. */
export function sealValues(where: Where, erasureId: string, values: TakenValues): string {
  const iv = where.randomBytes(IV_BYTES)
  const cipher = createCipheriv('aes-256-gcm', keyFor(where, erasureId), iv).setAAD(Buffer.from(erasureId))
  const sealed = Buffer.concat([cipher.update(JSON.stringify(values), 'utf8'), cipher.final()])
  return Buffer.concat([iv, cipher.getAuthTag(), sealed]).toString('base64')
}

/** Undefined where there is nothing, or nothing that opens it any more. */
export function openValues(where: Where, erasureId: string, sealed: string | undefined): TakenValues | undefined {
  const key = sealed === undefined ? undefined : knownKey(keyFileOf(where, erasureId))
  if (sealed === undefined || !key) return undefined
  const bytes = Buffer.from(sealed, 'base64')
  const iv = bytes.subarray(0, IV_BYTES)
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, iv, { authTagLength: TAG_BYTES })
    decipher.setAAD(Buffer.from(erasureId)).setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES))
    const text = decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES), undefined, 'utf8') + decipher.final('utf8')
    return JSON.parse(text) as TakenValues
  } catch {
    return undefined // Another key's: as if there were none.
  }
}

/** Its bytes first. What it sealed says nothing any more, in whatever copy. */
export function dropKey(where: Pick<Sagas, 'files'>, erasureId: string): void {
  const path = keyFileOf(where, erasureId)
  if (statSync(path, { throwIfNoEntry: false }) === undefined) return
  const file = openSync(path, 'r+')
  try {
    writeAll(file, new Uint8Array(KEY_BYTES))
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  rmSync(path, { force: true })
}

function keyFor(where: Where, erasureId: string): Uint8Array {
  const path = keyFileOf(where, erasureId)
  const known = knownKey(path)
  if (known) return known
  const key = where.randomBytes(KEY_BYTES)
  writeWhole(path, key)
  syncFolder(dirname(path))
  return key
}

function knownKey(path: string): Uint8Array | undefined {
  try {
    const key = readFileSync(path)
    return key.length === KEY_BYTES ? key : undefined
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
