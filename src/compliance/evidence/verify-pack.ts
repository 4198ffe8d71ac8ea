// Whether an evidence pack is what was signed. Reads its own ZIPs: entries that are stored, listed at the end of the archive
// (APPNOTE 6.3.10, 4.3.12 and 4.3.16).
import { FileError } from '../../errors.ts'
import { keyIdOf, verifySignature } from '../signing.ts'
import { FORMAT, MANIFEST, type Manifest, SIGNATURE, SUMS, SUMS_SIGNATURE, sha256, sumsOf, UNSUMMED } from './pack.ts'
import type { Result } from './results.ts'

export interface PackVerdict {
  /** Every sum fits, and one of the given keys signed. */
  readonly passed: boolean
  readonly month: string
  readonly partial: boolean
  readonly files: number
  /** The given key that signed; null where none of them did. */
  readonly signedBy: string | null
  /** A sentence each. */
  readonly findings: readonly string[]
  /** What failed, and what is missing, by the pack itself; empty where it is not what was signed. */
  readonly shows: readonly Result[]
}

/** `publicKeys`: PEM, from elsewhere than the pack. Throws FileError where it is no evidence pack. */
export function verifyPack(archive: Buffer, publicKeys: readonly string[]): PackVerdict {
  const entries = entriesOf(archive)
  const text = entries.get(MANIFEST)
  const manifest = text && manifestIn(text)
  if (!text || !manifest) throw noPack(`it has no ${MANIFEST} of ${FORMAT}`)
  const signature = entries.get(SIGNATURE)
  const signer = signature && publicKeys.find((pem) => verifySignature(pem, text, signature))
  const findings = [
    ...sumFindings(entries, manifest),
    ...listFindings(entries, manifest, signer),
    ...signatureFindings(signature, signer, publicKeys),
  ]
  const { month, partial, files } = manifest
  const signedBy = signer === undefined ? null : keyIdOf(signer)
  const passed = findings.length === 0
  const shows = passed ? resultsIn(entries).filter(({ outcome }) => outcome !== 'passed') : []
  return { passed, month, partial, files: Object.keys(files).length, signedBy, findings, shows }
}

const resultsIn = (entries: ReadonlyMap<string, Buffer>): readonly Result[] =>
  JSON.parse(entries.get('results.json')?.toString('utf8') ?? '[]') as readonly Result[]

/** The list of sums is what people check by hand: it must say what the manifest says, and be signed by the same key. */
function* listFindings(entries: ReadonlyMap<string, Buffer>, manifest: Manifest, signer?: string): Iterable<string> {
  const [sums, signature] = [entries.get(SUMS), entries.get(SUMS_SIGNATURE)]
  if (!sums) yield `${SUMS} is missing`
  else if (!sums.equals(sumsOf(manifest, entries.get(MANIFEST) ?? Buffer.alloc(0))))
    yield `${SUMS} does not say what the manifest says`
  if (!signer || !sums) return
  if (!signature) yield `${SUMS_SIGNATURE} is missing`
  else if (!verifySignature(signer, sums, signature))
    yield `${SUMS_SIGNATURE} is not of the key that signed the manifest`
}

function* sumFindings(entries: ReadonlyMap<string, Buffer>, { files }: Manifest): Iterable<string> {
  for (const [name, { sha256: sum }] of Object.entries(files)) {
    const bytes = entries.get(name)
    if (!bytes) yield `${name} is missing`
    else if (sha256(bytes) !== sum) yield `${name} is not what the manifest says`
  }
  for (const name of entries.keys())
    if (name !== MANIFEST && !UNSUMMED.has(name) && !Object.hasOwn(files, name)) yield `${name} is not in the manifest`
}

function* signatureFindings(signature?: Buffer, signer?: string, publicKeys: readonly string[] = []): Iterable<string> {
  if (!signature) yield 'Nobody signed it'
  else if (publicKeys.length === 0) yield 'No public key was given to check the signature with'
  else if (signer === undefined)
    yield `The signature is of none of the given keys: ${publicKeys.map(keyIdOf).join(', ')}`
}

function manifestIn(text: Buffer): Manifest | undefined {
  try {
    const manifest = JSON.parse(text.toString('utf8')) as Manifest
    const hasSums = Object.values(manifest.files).every(({ sha256: sum }) => typeof sum === 'string')
    return manifest.format === FORMAT && hasSums ? manifest : undefined
  } catch {
    return undefined
  }
}

const END = 0x06054b50
const ENTRY = 0x02014b50
const LOCAL = 0x04034b50
const END_BYTES = 22

/** By name. Throws FileError where it is none of ours. */
export function entriesOf(archive: Buffer): ReadonlyMap<string, Buffer> {
  try {
    return readEntries(archive)
  } catch (error) {
    if (error instanceof RangeError) throw noPack('it is cut off')
    throw error
  }
}

function readEntries(archive: Buffer): ReadonlyMap<string, Buffer> {
  const end = archive.length - END_BYTES
  if (end < 0 || archive.readUInt32LE(end) !== END) throw noPack('it does not end as a ZIP')
  const [count, start] = [archive.readUInt16LE(end + 10), archive.readUInt32LE(end + 16)]
  const entries = new Map<string, Buffer>()
  const names = new Set<string>()
  let [at, next] = [start, 0]
  for (let nth = 0; nth < count; nth++) {
    if (archive.readUInt32LE(at) !== ENTRY) throw noPack('its list of files is damaged')
    const [nameBytes, extraBytes, noteBytes] = [28, 30, 32].map((place) => archive.readUInt16LE(at + place))
    const name = archive.toString('utf8', at + 46, at + 46 + (nameBytes ?? 0))
    // Some disks know no capitals: one file would be unpacked over the other.
    if (names.has(name.toLowerCase())) throw noPack(`${name} is in it twice`)
    names.add(name.toLowerCase())
    // What lies between files is unpacked by programs that do not read the list.
    if (archive.readUInt32LE(at + 42) !== next)
      throw noPack(`something that its list does not name lies before ${name}`)
    const content = contentOf(archive, at, name)
    entries.set(name, content)
    next = content.byteOffset - archive.byteOffset + content.length
    at += 46 + (nameBytes ?? 0) + (extraBytes ?? 0) + (noteBytes ?? 0)
  }
  if (at !== end || next !== start) throw noPack('its list of files is damaged')
  return entries
}

function contentOf(archive: Buffer, entry: number, name: string): Buffer {
  const [method, size, local] = [10, 20, 42].map((place, nth) =>
    nth === 0 ? archive.readUInt16LE(entry + place) : archive.readUInt32LE(entry + place),
  ) as [number, number, number]
  if (method !== 0 || archive.readUInt32LE(local) !== LOCAL) throw noPack(`${name} is compressed or damaged`)
  const nameEnd = local + 30 + archive.readUInt16LE(local + 26)
  // Some programs unpack by this name and not by the one of the list.
  if (archive.toString('utf8', local + 30, nameEnd) !== name) throw noPack(`${name} has two names`)
  const content = nameEnd + archive.readUInt16LE(local + 28)
  if (content + size > archive.length) throw noPack('it is cut off')
  return archive.subarray(content, content + size)
}

const noPack = (why: string): FileError =>
  new FileError(`This is no whole evidence pack: ${why}`, {
    hint: 'Expected what "gogga evidence --month 2026-11 --out FILE" writes.',
  })
