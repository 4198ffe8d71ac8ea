import { expect, it } from 'vitest'
import { purposeOfTable, retentionOf } from '../../../src/compliance/data-map/purposes-of.ts'
import { allModels, modelNamed } from '../../../src/database/catalog.ts'
import { isPurpose } from '../../../src/identity/purposes.ts'

it.each(allModels.map((model) => [`${model.domain}.${model.name}`, model] as const))(
  'says why %s is kept, and for which purposes it is read',
  (_name, model) => {
    const purpose = purposeOfTable(model)
    expect(purpose?.why).toMatch(/\.$/)
    expect(purpose?.ground).not.toBe('')
    expect(purpose?.purposes.length).toBeGreaterThan(0)
    expect(purpose?.purposes.filter((id) => !isPurpose(id))).toEqual([])
  },
)

it('knows of no purpose for a table that it does not have', () => {
  expect(purposeOfTable({ domain: 'billing', name: 'Newsletter' })).toBeUndefined()
})

it.each([
  ['identity', 'LoginToken', '1 day after expiresAt.'],
  ['admin', 'AdminLog', '5 years after createdAt.'],
  ['identity', 'User', 'Until the person is erased.'],
  ['billing', 'Subscription', 'Until the person is erased.'],
  ['billing', 'ProcessedPayment', 'As a record; of somebody who was erased for 7 years after processedAt.'],
] as const)('tells how long rows of %s.%s are kept', (domain, name, words) => {
  expect(retentionOf(modelNamed(domain, name))).toBe(words)
})
