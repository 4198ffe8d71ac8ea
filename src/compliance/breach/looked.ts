// What was looked at and what was not, with counts and reasons, in sentences for whoever relies on the answer.
import { modelsOf, quote } from '../../database/catalog.ts'
import type { Domain } from '../../database/domains.ts'
import { tablesIn } from '../audit/values/columns.ts'
import type { NamingOptions } from './options.ts'
import type { BytesFound } from './raw-bytes.ts'

export interface Looked {
  readonly rows: number
  /** Of the file, its log and its journal; 0 where nothing could be compared. */
  readonly bytes: number
  /** Values of identity.db that were looked for in them. */
  readonly compared: number
  /** What was looked at, and how: sentences. */
  readonly parts: readonly string[]
  /** What was not, and why: sentences. */
  readonly left: readonly string[]
}

/** `ProcessedPayment.pfPaymentId` */
export type KeyColumns = ReadonlySet<string>

const KEY_CLASSES: ReadonlySet<string> = new Set(['key', 'link', 'subject', 'secret'])

/** Ids, codes and tokens. */
export const keyColumnsOf = (domain: Domain): KeyColumns =>
  new Set(
    modelsOf(domain).flatMap(({ name, columns }) =>
      columns.filter((column) => KEY_CLASSES.has(column.class)).map((column) => `${name}.${column.name}`),
    ),
  )

interface LookedAt extends NamingOptions {
  readonly rows: number
  readonly bytes: BytesFound | undefined
}

const DETECTORS = 'email addresses, phone numbers, South African ID numbers, IP addresses, card numbers, IBANs'

export function looked({ domain, reader, rows, bytes, to }: LookedAt): Looked {
  const tables = tablesIn(reader, domain)
  const columns = tables.flatMap((table) => table.columns)
  const count = (closeness: string) => columns.filter((column) => column.closeness === closeness).length
  const integers = columns.filter(({ name, expression }) => expression !== quote(name)).length
  const [times, keys] = [count('time'), count('key')]
  const when = to
    ? ` that had been written by ${to.toISOString()} (all of tables that do not say when)`
    : ' of any time'
  const compared = bytes ? ', and compared with what identity.db knows of people' : ''
  return {
    ...{ rows, bytes: bytes?.bytes ?? 0, compared: bytes?.compared ?? 0 },
    parts: [
      `${rows} rows${when} of ${tables.length} tables: ${columns.length} columns, each value by every detector (${DETECTORS})${compared}. ` +
        `In the ${keys} of them that hold ids, codes and tokens, what only looks like a number counts as perhaps.`,
      ...(bytes ? [bytesWords(bytes)] : []),
    ],
    left: [
      ...(bytes
        ? []
        : [
            'identity.db could not be read: nothing was compared with what it knows of people, neither in rows nor in raw bytes.',
          ]),
      ...(bytes?.compared === 0 ? ['identity.db names nobody: there was nothing to compare with.'] : []),
      `Names that identity.db does not know: no detector sees a name.`,
      `Times in ${times} columns of times, and numbers of ten digits and fewer in ${integers} columns of integers, which are counts and amounts.`,
      ...(bytes ? skippedWords(bytes) : []),
      'What is compressed or encrypted, blobs that are no text (but for addresses that identity.db knows), and other files beside this one and its backups: "gogga audit" looks into those.',
    ],
  }
}

const bytesWords = ({ bytes, files, compared }: BytesFound): string =>
  `${bytes} raw bytes of ${files.join(', ')}, with free pages and rows that were removed, searched for ${compared} values of identity.db. Bytes have no time: what is found there is of any time.`

function skippedWords({ skipped: { short, vague, local } }: BytesFound): readonly string[] {
  if (short + vague + local === 0) return []
  return [
    `${short + vague + local} values of identity.db in the raw bytes: ${short} too short, ${vague} without an address or number, ${local} addresses of no machine in particular.`,
  ]
}
