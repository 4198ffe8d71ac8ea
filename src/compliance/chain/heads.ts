// Heads: once a day, a signed statement of how far each chain went (POPIA section 19), kept in two files; and what reviewers keep
// themselves, so that not even whoever can write all three files can take it back.
import { beginningOf, chainEndOf } from '../../database/chain.ts'
import { HEAD_FILES, type Head, type HeadFile, headBytes, headsIn, writeHead } from '../../database/chain-heads.ts'
import { changeIn, type Files, rowsIn } from '../../database/clients.ts'
import { DOMAINS, type Domain, isDomain } from '../../database/domains.ts'
import { timeText } from '../../database/row-codec.ts'
import { UsageError } from '../../errors.ts'
import type { SigningKey } from '../signing.ts'

export interface SignOptions {
  readonly now: Date
  /** Undefined: heads are kept without a signature. */
  readonly key: SigningKey | undefined
  /** All three where it is left out. */
  readonly domains?: readonly Domain[]
}

/**
 * A head for each chain as it is now, in identity.db and in admin.db; a head that one of the two lacks is copied into it first.
 * Gives those that were made.
 */
export async function signHeads(files: Files, { now, key, domains = DOMAINS }: SignOptions): Promise<readonly Head[]> {
  const known = await evenOut(files)
  const made = domains.map((domain) => {
    const head = { ...nextHead(files, domain, known, now), keyId: key?.id ?? null }
    return { ...head, signature: key?.sign(headBytes(head)) ?? null }
  })
  for (const file of HEAD_FILES) await write(files, file, made)
  return made
}

/** Those of both files, each once, in the order of time. */
export function listHeads(files: Files): readonly Head[] {
  const all = HEAD_FILES.flatMap((file) => headsIn(rowsIn(files, file)))
  return [...new Map(all.map((head) => [head.id, head])).values()].sort((a, b) => (a.createdAt < b.createdAt ? -1 : 1))
}

export interface HeadsJob {
  readonly name: 'heads'
  readonly everyMs: number
  run(): Promise<readonly Head[]>
}

const EVERY_MS = 600_000

/** One for each chain and day (UTC), as soon as a server runs on it. Another process may have been the first. */
export function headsJob({
  files,
  now,
  key,
}: Pick<SignOptions, 'key'> & { readonly files: Files; readonly now: () => Date }): HeadsJob {
  return {
    name: 'heads',
    everyMs: EVERY_MS,
    async run() {
      const time = now()
      const today = timeText(time).slice(0, 'yyyy-mm-dd'.length)
      const done = listHeads(files).filter(
        ({ kind, createdAt, keyId }) => kind === 'signed' && createdAt.startsWith(today) && (!key || keyId === key.id),
      )
      const domains = DOMAINS.filter((domain) => !done.some((head) => head.domain === domain))
      return domains.length > 0 ? await signHeads(files, { now: time, key, domains }) : []
    },
  }
}

async function evenOut(files: Files): Promise<readonly Head[]> {
  const all = listHeads(files)
  for (const file of HEAD_FILES) {
    const there = new Set(headsIn(rowsIn(files, file)).map(({ id }) => id))
    await write(
      files,
      file,
      all.filter(({ id }) => !there.has(id)),
    )
  }
  return all
}

const write = async (files: Files, file: HeadFile, heads: readonly Head[]): Promise<void> => {
  if (heads.length === 0) return
  await changeIn(files, file, (tx) => {
    for (const head of heads) writeHead(tx, head)
  })
}

function nextHead(files: Files, domain: Domain, known: readonly Head[], now: Date) {
  const numbers = known.flatMap((head) =>
    head.domain === domain && head.kind === 'signed' ? [Number(head.id.slice(domain.length + 1))] : [],
  )
  const id = `${domain}-${String(Math.max(0, ...numbers) + 1).padStart(6, '0')}`
  const end = chainEndOf(domain, files[domain].reader) ?? { position: 0, hash: beginningOf(domain) }
  return { id, domain, position: end.position, hash: end.hash, kind: 'signed', createdAt: timeText(now) } as const
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
