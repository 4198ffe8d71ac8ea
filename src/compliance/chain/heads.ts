// Heads: once a day, a signed statement of how far each chain went (POPIA section 19), kept in two files; and what reviewers keep
// themselves, so that not even whoever can write all three files can take it back.
import type { ChainEnd } from '../../database/chain.ts'
import {
  confirmedMark,
  HEAD_FILES,
  type Head,
  type HeadFile,
  hasTable,
  headsIn,
  signedHead,
  writeHead,
} from '../../database/chain-heads.ts'
import { changeIn, type Files, rowsIn } from '../../database/clients.ts'
import { DOMAINS, type Domain, isDomain } from '../../database/domains.ts'
import { syncLog } from '../../database/durable.ts'
import { timeText } from '../../database/row-codec.ts'
import { ConflictError, FileError, UsageError } from '../../errors.ts'
import type { SigningKey } from '../signing.ts'
import { type BeforeOptions, examine, headsOfBoth, type Refusal } from './before-signing.ts'
import { contentOf, numberOf, signaturesBy } from './gathered-heads.ts'

export interface SignOptions {
  readonly now: Date
  /** Undefined: heads are kept without a signature. */
  readonly key: SigningKey | undefined
  /** All three where it is left out. */
  readonly domains?: readonly Domain[]
  /** Ed25519 in PEM, of keys that signed before. */
  readonly publicKeys?: readonly string[]
  /** What somebody looked at and answers for: what refusals name. */
  readonly accept?: readonly string[]
}

export interface Signed {
  readonly made: readonly Head[]
  /** Chains that got no head: what was written since the last one does not hold. */
  readonly refused: readonly Refusal[]
}

/** As `trySigning`, and throws ConflictError where a chain was refused; the others have their heads then. */
export async function signHeads(files: Files, options: SignOptions): Promise<readonly Head[]> {
  const { made, refused } = await trySigning(files, options)
  if (refused.length === 0) return made
  throw new ConflictError(refused.map(({ domain, why }) => `${domain}.db gets no head: ${why}`).join('; '), {
    hint: 'See "gogga audit verify" and "gogga audit heads --sign": nothing is signed before somebody looked at it.',
  })
}

/**
 * A head for each chain as it is now, in identity.db and in admin.db; a head that one of the two lacks is copied into it first.
 * No chain gets one on top of what does not hold.
 */
export async function trySigning(files: Files, options: SignOptions): Promise<Signed> {
  const { now, key, domains = DOMAINS, accept = [] } = options
  requireTables(files)
  await evenOut(files)
  if (key) await confirm(files, accept, key)
  const known = listHeads(files)
  const before = beforeOf(options)
  const [made, refused]: [Head[], Refusal[]] = [[], []]
  for (const domain of domains) {
    const examined = await examine(files, domain, { ...before, isAccepted: accept.includes(domain) })
    if ('refusal' in examined) refused.push(examined.refusal)
    else made.push(signedHead(nextHead(domain, known, examined.end, now), key))
  }
  // identity.db does not sync each change: what is signed must be there after a power cut.
  if (made.length > 0) await syncLog(files.identity.path)
  for (const file of HEAD_FILES) await write(files, file, made)
  return { made, refused }
}

function requireTables(files: Files): void {
  const file = HEAD_FILES.find((one) => !hasTable(files[one].reader, 'ChainHead'))
  if (!file) return
  throw new FileError(`The table ChainHead is gone from ${file}.db`, {
    hint: 'Migrations never remove it: somebody did. See "gogga audit verify", and restore the file.',
  })
}

const beforeOf = ({ now, key, publicKeys = [] }: SignOptions): BeforeOptions => ({
  now,
  hasKey: key !== undefined,
  signatureOf: signaturesBy([...(key ? [key.publicPem] : []), ...publicKeys]),
})

/** Marks that somebody looked at get a signature, in a row beside them. */
async function confirm(files: Files, accept: readonly string[], key: SigningKey): Promise<void> {
  const marks = headsOfBoth(files).filter(({ id, kind }) => kind === 'restored' && accept.includes(id))
  for (const file of HEAD_FILES)
    await write(
      files,
      file,
      marks.map((mark) => confirmedMark(mark, key)),
    )
}

/** Those of both files, each once, in the order of time. Throws FileError where somebody dropped the table. */
export function listHeads(files: Files): readonly Head[] {
  requireTables(files)
  const all = HEAD_FILES.flatMap((file) => headsIn(rowsIn(files, file)))
  return [...new Map(all.map((head) => [head.id, head])).values()].sort((a, b) => (a.createdAt < b.createdAt ? -1 : 1))
}

export interface HeadsJob {
  readonly name: 'heads'
  readonly everyMs: number
  run(): Promise<readonly Head[]>
}

const EVERY_MS = 600_000

/**
 * One for each chain and day (UTC), as soon as a server runs on it. Another process may have been the first. `run` throws
 * ConflictError as long as a chain is refused, and when heads are gone that were there before: nothing removes them while a server runs.
 */
export function headsJob({
  files,
  now,
  key,
}: Pick<SignOptions, 'key'> & { readonly files: Files; readonly now: () => Date }): HeadsJob {
  const signatureOf = signaturesBy(key ? [key.publicPem] : [])
  const seen = new Map<string, string>()
  return {
    name: 'heads',
    everyMs: EVERY_MS,
    async run() {
      const time = now()
      const there = new Map(headsOfBoth(files).map((head) => [contentOf(head), head.id]))
      requireAll(seen, there)
      for (const [content, id] of there) seen.set(content, id)
      const today = timeText(time).slice(0, 'yyyy-mm-dd'.length)
      const done = headsOfBoth(files).filter(
        (head) => head.kind === 'signed' && head.createdAt.startsWith(today) && (!key || signatureOf(head) === 'good'),
      )
      const domains = DOMAINS.filter((domain) => !done.some((head) => head.domain === domain))
      return domains.length > 0 ? await signHeads(files, { now: time, key, domains }) : []
    },
  }
}

/** By their contents. */
function requireAll(seen: ReadonlyMap<string, string>, there: ReadonlyMap<string, string>): void {
  const gone = [...seen].flatMap(([content, id]) => (there.has(content) ? [] : [id]))
  if (gone.length === 0) return
  throw new ConflictError(`${gone.length} head(s) are gone or changed since this server began, first ${gone[0]}`, {
    hint: 'Somebody wrote to identity.db and admin.db past the application: nothing is signed before somebody looked at it.',
  })
}

async function evenOut(files: Files): Promise<void> {
  const all = listHeads(files)
  for (const file of HEAD_FILES) {
    const there = new Set(headsIn(rowsIn(files, file)).map(({ id }) => id))
    await write(
      files,
      file,
      all.filter(({ id }) => !there.has(id)),
    )
  }
}

const write = async (files: Files, file: HeadFile, heads: readonly Head[]): Promise<void> => {
  if (heads.length === 0) return
  await changeIn(files, file, (tx) => {
    for (const head of heads) writeHead(tx, head)
  })
}

function nextHead(domain: Domain, known: readonly Head[], { position, hash }: ChainEnd, now: Date) {
  const numbers = known.flatMap((head) =>
    head.domain === domain && head.kind === 'signed' ? [numberOf({ head }) || 0] : [],
  )
  const counted = `${domain}-${String(Math.max(0, ...numbers) + 1).padStart(6, '0')}`
  // A restore of a file that holds heads may have taken some: their numbers come again, and a reviewer may have kept them.
  const isCountedAnew = known.some((head) => head.kind === 'restored' && head.domain !== 'billing')
  const id = isCountedAnew ? `${counted}-${now.toISOString().replace(/[-:.]/g, '')}` : counted
  return { id, domain, position, hash, kind: 'signed', createdAt: timeText(now) } as const
}

/** JSON lines, with bytes in hexadecimal. */
export const exportHeads = (heads: readonly Head[]): string =>
  heads
    .map((head) => ({ ...head, hash: head.hash.toString('hex'), signature: head.signature?.toString('hex') ?? null }))
    .map((line) => `${JSON.stringify(line)}\n`)
    .join('')

/** What `exportHeads` gave. Throws UsageError with the number of a line that it did not write. */
export const importHeads = (text: string): readonly Head[] =>
  text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line, at) => {
      const head = headOf(line)
      if (head) return head
      throw new UsageError(`Line ${at + 1} is no head of a chain`, {
        hint: 'Expected what "gogga audit heads --export FILE" writes.',
      })
    })

function headOf(line: string): Head | undefined {
  try {
    const { id, domain, position, hash, kind, keyId, signature, createdAt } = JSON.parse(line)
    const texts = [id, domain, hash, kind, createdAt].every((value) => typeof value === 'string')
    if (!texts || !isDomain(domain) || !Number.isSafeInteger(position)) return undefined
    if (kind !== 'signed' && kind !== 'restored') return undefined
    const bytes = {
      hash: Buffer.from(hash, 'hex'),
      signature: signature === null ? null : Buffer.from(signature, 'hex'),
    }
    return { id, domain, position, kind, keyId, createdAt, ...bytes }
  } catch {
    return undefined
  }
}
