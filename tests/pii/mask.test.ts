import { describe, expect, test } from 'vitest'
import { findPii } from '../../src/pii/find.ts'
import { maskCard, maskEmail, maskIdNumber, maskIp, maskPhone, maskText } from '../../src/pii/mask.ts'
import { positives } from './corpus.ts'
import { idNumbers } from './values.ts'

const [id = ''] = idNumbers

describe('masks', () => {
  test.each([
    [maskEmail, 'thabo@example.co.za', 't***@e***'],
    [maskEmail, '用户@例子.公司', '用***@例***'],
    [maskEmail, '"j d"@example.com', '****@e***'],
    [maskEmail, 'no email', '***'],
    [maskEmail, '', '***'],
    [maskIp, '196.25.1.7', '196.25.*.*'],
    [maskIp, '2001:db8::7', '2001:db8:***'],
    [maskIp, '::1', '***'],
    [maskIp, '::ffff:10.0.0.1', '***'],
    [maskIp, 'unknown', '***'],
    [maskPhone, '+27 82 123 4567', '***67'],
    [maskCard, '4111 1111 1111 1111', '***1111'],
    [maskIdNumber, id, '***'],
  ])('%o(%j) is %j', (mask, value, expected) => {
    expect(mask(value)).toBe(expected)
  })

  test('a text keeps everything else', () => {
    expect(maskText('mail thabo@example.co.za from 196.25.1.7')).toBe('mail t***@e*** from 196.25.*.*')
    expect(maskText(`{"id":${id},"n":1}`)).toBe('{"id":"***","n":1}')
    expect(maskText('nothing')).toBe('nothing')
  })

  test('nothing is found in a masked text', () => {
    for (const { text } of positives) expect(findPii(maskText(text)), text).toEqual([])
  })
})
