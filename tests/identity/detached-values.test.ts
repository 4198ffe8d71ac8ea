import { expect, test } from 'vitest'
import { removeOrigin, writeOrigin } from '../../src/identity/admin-log-origins.ts'
import { detachText } from '../../src/identity/detached-values.ts'
import { findPii } from '../../src/pii/find.ts'
import { attacher } from '../../src/transfer/detacher.ts'
import { START, withFile } from '../helpers/one-file.ts'
import { withTrace } from './traced.ts'

const PLACE = { place: 'admin.Voucher.voidReason', rowId: 'v1' }

/** By text: what it looks like afterwards. */
const TEXTS: Readonly<Record<string, readonly [text: string, detached: RegExp]>> = {
  clean: ['sent twice, 2 vouchers of R200', /^sent twice, 2 vouchers of R200$/],
  empty: ['', /^$/],
  'a token already': ['see pii:0123456789abcdef0123456789abcdef', /^see pii:0123456789abcdef0123456789abcdef$/],
  'an email': ['asked by thabo@example.co.za today', /^asked by pii:[0-9a-f]{32} today$/],
  'an email and a phone': ['thabo@example.co.za 082 123 4567', /^pii:[0-9a-f]{32} pii:[0-9a-f]{32}$/],
  'an IBAN in groups': ['pay DE89 3704 0044 0532 0130 00 back', /^pay pii:[0-9a-f]{32} back$/],
  'a bare number in JSON': ['{"phone":27821234567}', /^\{"phone":"pii:[0-9a-f]{32}"\}$/],
  'an escaped email': [String.raw`{"by":"thabo\u0040example.co.za"}`, /^\{"by":"pii:[0-9a-f]{32}"\}$/],
}

test.each(Object.entries(TEXTS))('text is detached: %s', async (_name, [text, detached]) => {
  await withFile('identity', async ({ file, sources }) => {
    const clean = await file.change((tx) => detachText(tx, { text, ...PLACE }, sources))
    expect(clean).toMatch(detached)
    expect(findPii(text).length > 0).toBe(clean !== text)
    expect(findPii(clean)).toEqual([])
    const values = file.rows.list('DetachedValue', {})
    expect(values).toHaveLength(clean === text ? 0 : clean.split('pii:').length - 1)
    for (const value of values) expect(value).toMatchObject({ ...PLACE, createdAt: START })
    const attempts = file.rows.list('PiiAttempt', {}).map(({ id, ...attempt }) => attempt)
    const { place } = PLACE
    expect(attempts).toEqual(values.map(({ kind }) => ({ place, kind, outcome: 'detached', createdAt: START })))
    expect(attacher(file.reader)(clean)).toBe(text) // What merge does.
  })
})

test('a value keeps its kind, its very characters and what they mean', async () => {
  await withFile('identity', async ({ file, sources }) => {
    const text = String.raw`{"by":"thabo\u0040example.co.za","phone":27821234567}`
    await file.change((tx) => detachText(tx, { text, ...PLACE }, sources))
    expect(file.rows.list('DetachedValue', {})).toMatchObject([
      { kind: 'email', raw: String.raw`thabo\u0040example.co.za`, value: 'thabo@example.co.za', bare: false },
      { kind: 'phone', raw: '27821234567', bare: true },
    ])
  })
})

test('clean text costs no statement', async () => {
  await withTrace(({ tx, sources, statements }) => {
    expect(detachText(tx, { text: 'sent twice', ...PLACE }, sources)).toBe('sent twice')
    expect(statements()).toEqual([])
    detachText(tx, { text: 'thabo@example.co.za', ...PLACE }, sources)
    expect(statements()).toHaveLength(2) // The value, and the attempt.
  })
})

test('the address of an administrator is kept by the record’s id, and removed', async () => {
  await withFile('identity', async ({ file }) => {
    await file.change((tx) => writeOrigin(tx, { adminLogId: 'l1', ip: '192.0.2.7' }))
    await file.change((tx) => writeOrigin(tx, { adminLogId: 'l2', ip: '192.0.2.8' }))
    expect(await file.change((tx) => removeOrigin(tx, 'l1'))).toBe(true)
    expect(await file.change((tx) => removeOrigin(tx, 'l1'))).toBe(false)
    expect(file.rows.list('AdminLogOrigin', {})).toEqual([{ adminLogId: 'l2', ip: '192.0.2.8' }])
  })
})
