// Nothing leaves in clear without a purpose (POPIA section 13): the types ask for one, and whoever gets past them is refused.
// Nor does anything that the purpose has no need of.
import { ForbiddenError } from '../errors.ts'
import type { PiiClass } from '../generated/catalog.ts'
import { isPurpose, PURPOSE_HINT, type PurposeId, requireCategories } from '../identity/purposes.ts'
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

/** Throws ForbiddenError where what is shown, filtered or sorted by is not covered by the purpose. */
export function requireCovered(
  piiKinds: ReadonlyMap<string, PiiClass>,
  reading: { readonly pii?: Clear | 'masked' },
): void {
  const purpose = purposeIn(reading)
  if (purpose !== undefined) requireCategories(purpose, piiKinds)
}
