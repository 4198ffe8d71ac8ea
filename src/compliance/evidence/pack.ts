/**
 * The evidence pack of a month (POPIA section 17: documentation): a ZIP whose list of sums holds the SHA-256 of every file and is
 * signed; so is the manifest, which says the same for programs. The same files at the same time give the same bytes. Nothing is compressed, so that the archive can be read by hand.
 */
import { createHash } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import { ZipFile } from 'yazl'
import type { SigningKey } from '../signing.ts'
import type { EvidenceFile, Gathered } from './gather.ts'
import { type About, indexPage } from './index-page.ts'

export const FORMAT = 'gogga-evidence/2'
export const MANIFEST = 'MANIFEST.json'
export const SIGNATURE = 'MANIFEST.sig'
export const SUMS = 'SHA256SUMS'
export const SUMS_SIGNATURE = 'SHA256SUMS.sig'
/** What no sum names. */
export const UNSUMMED: ReadonlySet<string> = new Set([SUMS, SUMS_SIGNATURE, SIGNATURE])
export const PUBLIC_KEY = 'public-key.pem'

export interface Manifest {
  readonly format: typeof FORMAT
  readonly month: string
  /** The month was not over. */
  readonly partial: boolean
  /** RFC 3339, UTC. */
  readonly madeAt: string
  readonly keyId: string | null
  /** By name; everything in the archive but this file, the list of sums and the signatures. */
  readonly files: Readonly<Record<string, { readonly bytes: number; readonly sha256: string }>>
}

export interface PackOptions extends Omit<About, 'keyId'> {
  /** Undefined: the pack is not signed. */
  readonly key: SigningKey | undefined
}

export interface Packed {
  readonly bytes: Buffer
  readonly manifest: Manifest
}

export async function packEvidence({ files: gathered, results }: Gathered, options: PackOptions): Promise<Packed> {
  const { month, now, key } = options
  const keyId = key?.id ?? null
  const own = key
    ? [{ name: PUBLIC_KEY, bytes: Buffer.from(key.publicPem), about: 'The key that signed; compare it with yours.' }]
    : []
  const files = [...gathered, ...own]
  const index = { name: 'index.html', bytes: Buffer.from(indexPage(files, results, { month, now, keyId })) }
  const summed = [index, ...files]
  const manifest: Manifest = {
    ...{ format: FORMAT, month: month.name, partial: month.isPartial, madeAt: now.toISOString(), keyId },
    files: Object.fromEntries(summed.map(({ name, bytes }) => [name, { bytes: bytes.length, sha256: sha256(bytes) }])),
  }
  const text = Buffer.from(`${JSON.stringify(manifest, undefined, 2)}\n`)
  const sums = sumsOf(manifest, text)
  const signed = key
    ? [
        { name: SIGNATURE, bytes: key.sign(text) },
        { name: SUMS_SIGNATURE, bytes: key.sign(sums) },
      ]
    : []
  const entries = [...summed, { name: MANIFEST, bytes: text }, { name: SUMS, bytes: sums }, ...signed]
  return { manifest, bytes: await zipped(entries, now) }
}

/** As sha256sum writes it: every file of the manifest, and the manifest itself. */
export const sumsOf = ({ files }: Manifest, text: Uint8Array): Buffer =>
  Buffer.from(
    [...Object.entries(files).map(([name, { sha256: sum }]) => [sum, name]), [sha256(text), MANIFEST]]
      .map(([sum, name]) => `${sum}  ${name}\n`)
      .join(''),
  )

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

const MODE = 0o100_644

async function zipped(files: readonly Pick<EvidenceFile, 'name' | 'bytes'>[], now: Date): Promise<Buffer> {
  const zip = new ZipFile()
  // ZIP's own times have no zone: what is read from them is the time in UTC wherever the archive was made.
  const mtime = new Date(now.getTime() + now.getTimezoneOffset() * 60_000)
  for (const { name, bytes } of files)
    zip.addBuffer(bytes, name, { mtime, mode: MODE, compress: false, forceDosTimestamp: true })
  zip.end()
  return await buffer(zip.outputStream)
}
