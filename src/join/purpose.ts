// Nothing leaves in clear without a purpose (POPIA section 13): the types ask for one, and whoever gets past them is refused.
import { ForbiddenError } from '../errors.ts'
import { isPurpose, PURPOSE_HINT, type PurposeId } from '../identity/purposes.ts'
import type { Clear } from './types.ts'

/** What personal information is read for; undefined where it comes masked. Throws ForbiddenError for anything else. */
export function purposeIn({ pii }: { readonly pii?: Clear | 'masked' }): PurposeId | undefined {
  if (pii === undefined || pii === 'masked') return undefined
  const { purpose } = pii as Partial<Clear>
  if (purpose !== undefined && isPurpose(purpose)) return purpose
  throw new ForbiddenError('Personal information is read for a purpose of the register, and none was named', {
    hint: PURPOSE_HINT,
  })
}
