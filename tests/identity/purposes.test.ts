import { expect, test } from 'vitest'
import { allModels } from '../../src/database/catalog.ts'
import { checkPurposes, isPurpose, PURPOSES, purposesFor } from '../../src/identity/purposes.ts'

const CATEGORIES = ['email', 'phone', 'ip', 'name', 'freetext'] as const

test('every purpose has an id that fits into a header and a list, once, and words for all that a register needs', () => {
  expect(new Set(PURPOSES.map(({ id }) => id)).size).toBe(PURPOSES.length)
  for (const { id, description, ground, categories, who, retention } of PURPOSES) {
    expect(id).toMatch(/^[a-z]+(-[a-z]+)*$/)
    for (const words of [description, who, retention]) expect(words.length, id).toBeGreaterThan(5)
    expect(ground, id).toMatch(/^section 11\(1\)\([a-f]\): /)
    expect(categories.length, id).toBeGreaterThan(0)
    for (const category of categories) expect(CATEGORIES, id).toContain(category)
  }
})

test('what is not in the register is no purpose, whatever every object has', () => {
  expect(PURPOSES.every(({ id }) => isPurpose(id))).toBe(true)
  for (const word of ['', 'curiosity', 'toString', 'constructor', '__proto__', 'Support', 'support '])
    expect(isPurpose(word), word).toBe(false)
})

test('what is read whole is read for purposes that cover every kind that there is', () => {
  const kinds = new Set(allModels.flatMap(({ columns }) => columns.flatMap(({ pii }) => pii ?? [])))
  for (const kind of kinds) expect(CATEGORIES).toContain(kind)
  const whole = ['access-request', 'security-incident', 'moving-back'] // subject export, breach --with-contacts, merge
  expect(purposesFor(CATEGORIES)).toEqual(expect.arrayContaining(whole))
  expect(purposesFor(CATEGORIES)).not.toContain('support')
})

test('purposes are taken once each, in their order', () => {
  expect(checkPurposes([])).toEqual([])
  expect(checkPurposes(['support', 'access-request', 'support'])).toEqual(['support', 'access-request'])
  expect(() => checkPurposes(['support', 'x', 'y'])).toThrow('Unknown purpose x, y')
})
