import { expect, test } from 'vitest'
import { type AdminEvent, writeAdminLog } from '../../src/admin/admin-log.ts'
import { ConflictError } from '../../src/errors.ts'
import { START, withFile } from '../helpers/one-file.ts'

/** By event: what differs from an empty row of the log. */
const EVENTS: Readonly<Record<string, readonly [event: AdminEvent, row: object]>> = {
  'least that there is': [{ id: 'l1', adminId: 'a1', action: 'voucher_created' }, {}],
  'all that there is': [
    {
      id: 'l1',
      adminId: 'a1',
      action: 'tier_override',
      targetUser: 'u1',
      targetId: 's1',
      meta: { from: 'FREE', to: 'JIGGA', months: 1, paid: false, until: null },
    },
    {
      action: 'tier_override',
      targetUser: 'u1',
      targetId: 's1',
      meta: '{"from":"FREE","to":"JIGGA","months":1,"paid":false,"until":null}',
    },
  ],
}

test.each(Object.entries(EVENTS))('what an administrator did is written: %s', async (_name, [event, row]) => {
  await withFile('admin', async ({ file, sources }) => {
    await file.change((tx) => writeAdminLog(tx, event, sources))
    const empty = { id: 'l1', adminId: 'a1', action: 'voucher_created', targetUser: null, targetId: null, meta: null }
    expect(file.rows.list('AdminLog', {})).toEqual([{ ...empty, createdAt: START, ...row }])
  })
})

test('the same event is not written twice', async () => {
  await withFile('admin', async ({ file, sources }) => {
    const write = () =>
      file.change((tx) => writeAdminLog(tx, { id: 'l1', adminId: 'a1', action: 'user_lookup' }, sources))
    await write()
    await expect(write()).rejects.toThrow(ConflictError)
    expect(file.rows.list('AdminLog', {})).toHaveLength(1)
  })
})

test('personal information does not come into the log', async () => {
  await withFile('admin', async ({ file, sources }) => {
    const event = {
      id: 'l1',
      adminId: 'a1',
      action: 'credit_adjustment',
      meta: { reason: 'call 082 123 4567' },
    } as const
    await expect(file.change((tx) => writeAdminLog(tx, event, sources))).rejects.toThrow(/Personal information/)
    expect(file.rows.list('AdminLog', {})).toEqual([])
  })
})
