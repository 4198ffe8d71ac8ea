// Statements about the chains of the three files (chain.ts), as rows: how far a chain went at a time. Each is kept in
// identity.db and in admin.db, so that neither file can be put back, shortened or rewritten without contradicting the other.
import type { ChainEnd } from './chain.ts'
import type { Connection } from './connections.ts'
import type { Domain } from './domains.ts'
import { timeText } from './row-codec.ts'
import type { Tx } from './rows.ts'

/** The files that hold heads. */
export const HEAD_FILES = ['admin', 'identity'] as const satisfies readonly Domain[]
export type HeadFile = (typeof HEAD_FILES)[number]

export interface Head {
  /** Of signed heads `billing-000042`, counted from 1: one that is missing is seen. After restores with their time, `…-20261122T181500123Z`. */
  readonly id: string
  /** The file whose chain it is. */
  readonly domain: Domain
  /** The newest link; 0 for a chain without any. */
  readonly position: number
  readonly hash: Buffer
  /** `restored`: the file went back to a backup whose chain ended there; what heads said beyond is lost. */
  readonly kind: 'signed' | 'restored'
  readonly keyId: string | null
  readonly signature: Buffer | null
  /** As it is stored: the signature covers it. */
  readonly createdAt: string
}

/** Who signs heads: a key's id, and Ed25519 over bytes. */
export interface HeadSigner {
  readonly id: string
  sign(bytes: Uint8Array): Buffer
}

/** As it is kept; without a signer without a signature. */
export function signedHead(head: Omit<Head, 'keyId' | 'signature'>, signer: HeadSigner | undefined): Head {
  const unsigned = { ...head, keyId: signer?.id ?? null }
  return { ...unsigned, signature: signer?.sign(headBytes(unsigned)) ?? null }
}

/** What a signature covers: JSON, with the hash in hexadecimal. */
export const headBytes = ({ id, domain, position, hash, kind, keyId, createdAt }: Omit<Head, 'signature'>): Buffer =>
  Buffer.from(JSON.stringify(['gogga-head/1', id, domain, position, hash.toString('hex'), kind, keyId, createdAt]))

/** False where it was there already. */
export const writeHead = (tx: Pick<Tx, 'run'>, head: Head): boolean =>
  tx.run(
    `insert or ignore into "ChainHead" (id, domain, position, hash, kind, keyId, signature, createdAt)
     values (?, ?, ?, ?, ?, ?, ?, ?)`,
    head.id,
    head.domain,
    head.position,
    head.hash,
    head.kind,
    head.keyId,
    head.signature,
    head.createdAt,
  ) === 1

const HEADS =
  'select id, domain, position, hash, kind, keyId, signature, createdAt from "ChainHead" order by createdAt, id'

/** Those that a file holds, of all three, in the order of time. `rows`: of identity.db or admin.db. */
export const headsIn = (rows: Pick<Tx, 'all'>): readonly Head[] => rows.all<Head>(HEADS)

/** Where somebody dropped the table, there are none; that it is gone is for others to tell. */
export const headsOf = (reader: Connection): readonly Head[] =>
  hasTable(reader, 'ChainHead') ? (reader.prepare(HEADS).all() as Head[]) : []

export const hasTable = (connection: Connection, table: string): boolean =>
  connection.prepare(`select 1 from sqlite_schema where type = 'table' and name = ?`).get(table) !== undefined

/**
 * Says that a file was put back, so that its chain may end before what heads say. `end`: of the backup. Without a signature it
 * explains nothing about heads that have one: whoever can write to the files could have made it.
 */
export function restoredHead(domain: Domain, end: ChainEnd, at: Date, signer?: HeadSigner): Head {
  const createdAt = timeText(at)
  const id = `restored-${domain}-${createdAt.replace(/\D/g, '').slice(0, 17)}`
  return signedHead({ id, domain, ...end, kind: 'restored', createdAt }, signer)
}

/** The same mark with a signature, by whoever looked at it: a row of its own, since heads are never changed. */
export const confirmedMark = (mark: Head, signer: HeadSigner): Head =>
  signedHead({ ...mark, id: `${mark.id}-confirmed` }, signer)
