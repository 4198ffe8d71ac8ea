// Rows that something of a person got into past the guard: taken out, kept, and put back by merge's rule.
import { expect, it } from 'vitest'
import { findingsInValues } from '../../../src/compliance/audit/values.ts'
import { walkChain } from '../../../src/compliance/chain/links.ts'
import { mend } from '../../../src/compliance/mend/mend.ts'
import { type Files, openFile } from '../../../src/database/clients.ts'
import { openReader } from '../../../src/database/connections.ts'
import { attacher } from '../../../src/transfer/detacher.ts'
import { withDatabases } from '../../helpers/databases.ts'
import { insertRows } from '../../helpers/people.ts'

const NOW = new Date('2026-06-01T12:00:00.000Z')
let made = 0
const options = (dryRun = false) => ({
  ...{ dryRun, now: () => NOW },
  randomBytes: (size: number) => Buffer.alloc(size, ++made),
})
const TEXTS: Readonly<Record<string, string>> = {
  voidReason: 'called lerato\uff20example.com, ID8001015009087 and {"by":"x"}',
  batchId: '082 555 9999',
  code: 'PROMO-lerato@example.com',
}

const withPlanted = (work: (files: Files) => Promise<void>) =>
  withDatabases(async ({ paths }) => {
    await using identity = await openFile('identity', paths.identity, { busyTimeoutMs: 500, cacheMb: 4 })
    await using billing = await openFile('billing', paths.billing, { busyTimeoutMs: 500, cacheMb: 4 })
    await using admin = await openFile('admin', paths.admin, { busyTimeoutMs: 500, cacheMb: 4 })
    const files = { identity, billing, admin }
    const writers = {
      identity: identity.connections.writer,
      billing: billing.connections.writer,
      admin: admin.connections.writer,
    }
    insertRows(writers, 'contacts', [{ id: 'c1', email: 'Thabo van der Merwe', emailKey: 'thabo van der merwe' }])
    insertRows(writers, 'vouchers', [
      { id: 'v1', ...TEXTS },
      { id: 'v2', code: '9001015009086', voidReason: 'sent twice' },
    ])
    insertRows(writers, 'voucher-logs', [
      { id: 'l1', voucherId: 'v1', action: 'created', actor: 'u1', meta: 'for THABO van-der-Merwe' },
    ])
    insertRows(writers, 'subscription-events', [
      { id: 'e1', subscriptionId: 's1', userId: 'u1', meta: 'a@example.com' },
    ])
    await work(files)
  })

const readers = ({ identity, billing, admin }: Files) => ({
  ...{ identity: identity.reader, billing: billing.reader, admin: admin.reader },
})
const found = (files: Files) =>
  findingsInValues(readers(files)).flatMap(({ severity, place }) =>
    severity === 'info' ? [] : [`${place.table}.${place.column}`],
  )

it('takes out what the audit finds, keeps it to the byte, and leaves the logs', () =>
  withPlanted(async (files) => {
    const all = ['SubscriptionEvent.meta', 'Voucher.batchId', 'Voucher.code', 'Voucher.voidReason', 'VoucherLog.meta']
    expect(new Set(found(files))).toEqual(new Set(all))
    const looked: number[] = []
    const planned = await mend(files, { ...options(true), onProgress: (values) => looked.push(values) })
    expect(new Set(looked).size).toBe(looked.length)
    expect(looked).toEqual(looked.toSorted((a, b) => a - b))
    expect(new Set(found(files))).toEqual(new Set(all))
    const done = await mend(files, options())
    expect(planned).toEqual({ ...done, dryRun: true })
    expect(done.mended.map(({ table, column, values, kinds }) => [`${table}.${column}`, values, kinds])).toEqual([
      ['Voucher.code', 1, { email: 1 }],
      ['Voucher.voidReason', 1, { email: 1, idNumber: 1 }],
      ['Voucher.batchId', 1, { phone: 1 }],
      ['VoucherLog.meta', 1, { known: 1 }],
    ])
    expect(done.left).toMatchObject([{ table: 'SubscriptionEvent', column: 'meta', values: 1, why: 'log' }])
    expect(found(files)).toEqual(['SubscriptionEvent.meta'])
    const row = files.admin.rows.find('Voucher', { id: 'v1' }) as unknown as Record<string, string>
    const attach = attacher(files.identity.reader)
    for (const [column, text] of Object.entries(TEXTS)) {
      expect(row[column]).toContain('pii:')
      expect(attach(row[column] ?? '')).toBe(text)
    }
    expect(attach(files.admin.rows.find('VoucherLog', { id: 'l1' })?.meta ?? '')).toBe('for THABO van-der-Merwe')
    expect((await mend(files, options())).mended).toEqual([])
  }))

it('loses nothing where it ends between the two files, and goes on from there', () =>
  withPlanted(async (files) => {
    const cut = { ...files.admin, change: () => Promise.reject(new Error('cut off')) }
    await expect(mend({ ...files, admin: cut }, options())).rejects.toThrow('cut off')
    expect(files.admin.rows.find('Voucher', { id: 'v1' })).toMatchObject(TEXTS)
    expect(files.identity.rows.list('DetachedValue', {}).map(({ rowId }) => rowId)).toEqual(['v1'])
    await mend(files, options())
    expect(found(files)).toEqual(['SubscriptionEvent.meta'])
    const code = files.admin.rows.find('Voucher', { id: 'v1' })?.code ?? ''
    expect(attacher(files.identity.reader)(code)).toBe(TEXTS.code)
  }))

it('leaves a row that somebody wrote to meanwhile', () =>
  withPlanted(async (files) => {
    const { change } = files.identity
    const late = {
      ...files.identity,
      async change<T>(work: Parameters<typeof change<T>>[0]) {
        const given = await change(work)
        await files.admin.change((tx) =>
          tx.update('Voucher', { id: 'v1' }, { voidReason: 'mine', code: 'C9', batchId: null }),
        )
        return given
      },
    }
    const { left } = await mend({ ...files, identity: late }, options())
    expect(left.map(({ column, why }) => [column, why])).toContainEqual(['code', 'changed'])
    expect(files.admin.rows.find('Voucher', { id: 'v1' })).toMatchObject({ voidReason: 'mine', code: 'C9' })
  }))

it('leaves the chain as it was', () =>
  withPlanted(async (files) => {
    await mend(files, options())
    const reader = openReader('billing', files.billing.path)
    try {
      const { logs } = await walkChain('billing', reader, { now: NOW, wanted: new Set() })
      expect(logs.get('SubscriptionEvent')?.changed.count).toBe(0)
    } finally {
      reader.close()
    }
  }))
