import { describe, expect, test } from 'vitest'
import { findPii } from '../../src/pii/find.ts'
import { detach, piiToken, reattach } from '../../src/pii/tokens.ts'
import { idNumbers } from './values.ts'

const [idNumber = ''] = idNumbers
const id = 'abcdefghij0123456789'
const other = 'zyxwvutsrq9876543210'
const known = (entries: Record<string, { raw: string; bare: boolean }>) => (wanted: string) => entries[wanted]

describe('detach', () => {
  test('puts a token in the place of a value and hands over the raw text', () => {
    const text = '{"e":"a\\u0040b.co"}'
    const raws: string[] = []
    const detached = detach(text, findPii(text), (span, raw) => {
      raws.push(span.value, raw)
      return id
    })
    expect(detached).toBe(`{"e":"${piiToken(id)}"}`)
    expect(raws).toEqual(['a@b.co', 'a\\u0040b.co'])
  })

  test('quotes the token of a bare number', () => {
    const text = `{"id":${idNumber}}`
    expect(detach(text, findPii(text), () => id)).toBe(`{"id":"pii:${id}"}`)
  })

  test('gives a text without spans back', () => {
    expect(detach('nothing', [], () => id)).toBe('nothing')
  })
})

describe('reattach', () => {
  test.each([
    ['a token', `x pii:${id}.`, 'x a@b.co.'],
    ['two tokens side by side', `pii:${id}pii:${other}`, 'a@b.co8001'],
    ['a bare token in its quotes', `{"id":"pii:${other}"}`, '{"id":8001}'],
    ['a bare token whose quotes are gone', `id pii:${other}`, 'id 8001'],
    ['an unknown token', 'pii:00000000000000000000 a', 'pii:00000000000000000000 a'],
    ['a token with letters on', `pii:${id}${'x'.repeat(30)}`, `pii:${id}${'x'.repeat(30)}`],
    ['the prefix before a token', `pii:pii:${id}`, 'pii:a@b.co'],
    ['an id that ends like the prefix', 'pii:abcdefghij0123456pii:0123456789012345678', 'c@d.co:0123456789012345678'],
  ])('%s', (_name, text, expected) => {
    const rawOf = known({
      [id]: { raw: 'a@b.co', bare: false },
      [other]: { raw: '8001', bare: true },
      abcdefghij0123456pii: { raw: 'c@d.co', bare: false },
    })
    expect(reattach(text, rawOf)).toBe(expected)
  })

  test('takes a raw text with $ and tokens in it as it is', () => {
    expect(
      reattach(
        `pii:${id}`,
        known({ [id]: { raw: `$&$1pii:${other}`, bare: false }, [other]: { raw: 'x', bare: false } }),
      ),
    ).toBe(`$&$1pii:${other}`)
  })
})
