import { expect, test } from 'vitest'
import { maskEmail, maskIp, maskPhone, maskText } from '../../src/pii/mask.ts'
import { positives } from './corpus.ts'

test.each([
  [maskEmail, 'thabo@example.co.za', 't***@e***'],
  [maskEmail, '用户@例子.公司', '用***@例***'],
  [maskEmail, '😀@example.com', '😀***@e***'],
  [maskEmail, '"j d"@example.com', '"***@e***'],
  [maskEmail, 'no email', '***'],
  [maskEmail, '', '***'],
  [maskIp, '196.25.1.7', '196.25.*.*'],
  [maskIp, '2001:db8::7', '2001:db8:***'],
  [maskIp, '::1', '***'],
  [maskIp, '::ffff:10.0.0.1', '***'],
  [maskIp, 'unknown', '***'],
  [maskPhone, '+27 82 123 4567', '***67'],
  [maskText, 'Thabo Mokoena, 7 Long Street', '***'],
  [maskText, '{"name":"Thabo","id":8001015009087}', '***'],
  [maskText, '', '***'],
])('%o(%j) is %j', (mask, value, expected) => {
  expect(mask(value)).toBe(expected)
})

test('nothing is left of a text, whatever the detectors find in it', () => {
  for (const { text } of positives) expect(maskText(text), text).toBe('***')
})
