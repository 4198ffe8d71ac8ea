import { expect, test } from 'vitest'
import { HashSet } from '../../../src/compliance/audit/values/hash-set.ts'

test('holds what was added and nothing else, through many growths', () => {
  const set = new HashSet()
  for (let n = 0; n < 50_000; n++) set.add(`email person${n}@example.com`)
  set.add('email person7@example.com')
  expect(set.size).toBe(50_000)
  for (let n = 0; n < 50_000; n++) expect(set.has(`email person${n}@example.com`)).toBe(true)
  for (let n = 50_000; n < 150_000; n++) expect(set.has(`email person${n}@example.com`)).toBe(false)
})

test('knows the words of a text, in any case and between any marks', () => {
  const set = new HashSet()
  set.add('thabo')
  for (const text of ['Thabo', 'for THABO, please', '"thabo"', 'a-thabo-b', 'naïve'])
    expect(set.mayHaveWordOf(text)).toBe(true)
  for (const text of ['', 'thabos', 'xthabo', 'tha bo', 'cmwr2lmo300000003z8r5be85'])
    expect(set.mayHaveWordOf(text)).toBe(false)
})
