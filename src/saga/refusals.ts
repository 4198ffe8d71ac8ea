// Refusals (404, 409) as they are kept in the place of an answer.

import type { Domain } from '../database/domains.ts'
import type { RowOf, Tx } from '../database/rows.ts'
import { GoggaError } from '../errors.ts'

type Refusal = Pick<GoggaError, 'code' | 'message' | 'errors'> & { readonly hint?: string | undefined }

export const refusalText = ({ code, message, errors, hint }: Refusal): string =>
  JSON.stringify({ code, message, errors, hint })

/** Throws what is kept, where that is a refusal. */
export function throwRefusal(kept: Pick<RowOf<Domain, 'Change'>, 'status' | 'answer'> | undefined): void {
  if (!kept || kept.status < 400) return
  const { code, message, errors, hint } = JSON.parse(kept.answer) as Refusal
  throw new GoggaError(code, kept.status, 1, message, { errors, ...(hint !== undefined && { hint }) })
}

/** What a compensation puts in the place of the answer that the change had: a conflict, 409. */
export function refuseChange(tx: Tx, changeId: string | null, message: string): void {
  if (changeId === null) return
  const answer = refusalText({ code: 'conflict', message, errors: [] })
  tx.update('Change', { id: changeId }, { status: 409, answer })
}
