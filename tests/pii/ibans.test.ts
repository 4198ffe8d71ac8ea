import { expect, test } from 'vitest'
import { findPii } from '../../src/pii/find.ts'
import { withCheckDigit } from './values.ts'

const found = (text: string) => findPii(text).map(({ kind, value }) => [kind, value])

test.each([
  ['in a sentence', 'Refund to GB29 NWBK 6016 1331 9268 19, please', 'GB29 NWBK 6016 1331 9268 19'],
  ['after its name', 'IBAN:DE89370400440532013000', 'DE89370400440532013000'],
  ['its first letter as an escape', '{"iban":"\\u0047B29NWBK60161331926819"}', 'GB29NWBK60161331926819'],
  ['groups that look like a card or a phone', 'DE89 3704 0044 0532 0130 00', 'DE89 3704 0044 0532 0130 00'],
])('an IBAN %s', (_name, text, value) => {
  expect(found(text)).toEqual([['iban', value]])
})

test.each([
  ['a wrong check digit', 'GB28NWBK60161331926819'],
  ['an unknown country', 'ZZ29NWBK60161331926819'],
  ['a digit where the country has letters', 'GB58123460161331926819'],
  ['one character short', 'GB29NWBK6016133192681'],
  ['a letter more', 'GB29NWBK60161331926819x'],
  ['a letter before', 'xGB29NWBK60161331926819'],
])('no IBAN: %s', (_name, text) => {
  expect(found(text).filter(([kind]) => kind === 'iban')).toEqual([])
})

test.each(['GB29 ', 'de12-', 'gb29nwbk6016133192681', 'AB12'])('a megabyte of %j takes linear time', (part) => {
  expect(findPii(part.repeat(Math.floor((1 << 20) / part.length))).length).toBe(0)
})

// Digit 11: 0 citizen, 1 permanent resident, 2 refugee; nothing else was ever given out.
test.each([0, 1, 2])('an ID number with citizenship %i', (citizenship) => {
  const id = withCheckDigit(`8001015009${citizenship}8`)
  expect(found(`ID ${id}`)).toEqual([['idNumber', id]])
})

test.each([3, 4, 5, 6, 7, 8, 9])('no ID number with citizenship %i', (citizenship) => {
  expect(found(`ID ${withCheckDigit(`8001015009${citizenship}8`)}`)).toEqual([])
})
