// Audits that were made, kept in identity.db with their reports and signatures: places and counts, never a value.
import { createHash } from 'node:crypto'
import type { OpenFile } from '../../database/clients.ts'
import { timeText } from '../../database/row-codec.ts'
import type { SigningKey } from '../signing.ts'
import type { AuditReport, Cause } from './report.ts'

export interface KeptAudit {
  readonly id: string
  readonly cause: Cause
  readonly startedAt: string
  readonly endedAt: string
  readonly passed: boolean
  /** JSON, byte for byte what was signed. */
  readonly report: string
  /** Ed25519 over `report`; null where no key was configured. */
  readonly signature: Buffer | null
  readonly keyId: string | null
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

type Identity = Pick<OpenFile<'identity'>, 'change'>
type Reading = Pick<OpenFile<'identity'>, 'rows'>

/** `before`: the newest that was kept, which the report then names by the SHA-256 of its own. */
export function signed(report: AuditReport, key: SigningKey | undefined, before?: KeptAudit): KeptAudit {
  const { id, cause, startedAt, endedAt, passed } = report
  const named = before && { before: { id: before.id, sha256: sha256(before.report) } }
  const text = JSON.stringify({ ...report, ...named })
  const signature = key?.sign(Buffer.from(text)) ?? null
  return { id, cause, startedAt, endedAt, passed, report: text, signature, keyId: key?.id ?? null }
}

/** Those of before are kept: which audits there were is evidence. */
export const keepAudit = (identity: Identity, audit: KeptAudit): Promise<void> =>
  identity.change((tx) =>
    tx.insert('Audit', {
      ...audit,
      startedAt: new Date(audit.startedAt),
      endedAt: new Date(audit.endedAt),
      signature: audit.signature && Uint8Array.from(audit.signature),
    }),
  )

/** Newest first. */
export const listAudits = ({ rows }: Reading, limit: number, before?: Date): readonly KeptAudit[] =>
  rows
    .all<Stored>(`select * from "Audit" where startedAt < ? order by startedAt desc, id limit ?`, timeOf(before), limit)
    .map(keptOf)

export const findAudit = ({ rows }: Reading, id: string): KeptAudit | undefined =>
  rows.all<Stored>(`select * from "Audit" where id = ?`, id).map(keptOf)[0]

type Stored = Omit<KeptAudit, 'passed'> & { readonly passed: number }

/** Not a number: the column would take it for one, and any text is greater. */
const LATEST = '9999-12-31'
const timeOf = (before: Date | undefined): string => (before ? timeText(before) : LATEST)

const keptOf = ({ id, cause, startedAt, endedAt, passed, report, signature, keyId }: Stored): KeptAudit => ({
  ...{ id, cause, report, keyId, passed: passed === 1 },
  startedAt: new Date(startedAt).toISOString(),
  endedAt: new Date(endedAt).toISOString(),
  signature: signature && Buffer.from(signature),
})
