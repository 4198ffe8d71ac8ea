// The secret that hashes of requests are keyed with. It lies in identity.db, so that billing.db and admin.db alone say nothing
// of what was hashed.
import type { OpenFile } from '../database/clients.ts'
import type { Sources } from './sources.ts'

const ID = 'requests'
const BYTES = 32

/** Made at the first call; the same ever after, in every process. */
export async function hashKeyOf(
  { rows, change }: Pick<OpenFile<'identity'>, 'rows' | 'change'>,
  { now, randomBytes }: Pick<Sources, 'now' | 'randomBytes'>,
): Promise<Uint8Array> {
  const known = rows.find('HashKey', { id: ID })
  if (known) return known.key
  return await change((tx) => {
    const other = tx.find('HashKey', { id: ID })
    if (other) return other.key
    const key = Uint8Array.from(randomBytes(BYTES))
    tx.insert('HashKey', { id: ID, key, createdAt: now() })
    return key
  })
}
