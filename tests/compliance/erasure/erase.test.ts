import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { previewErasure } from '../../../src/compliance/erasure/erase.ts'
import { TRY_OUT } from '../../../src/config.ts'
import type { Context } from '../../../src/context.ts'
import { openWriter } from '../../../src/database/connections.ts'
import { DOMAINS } from '../../../src/database/domains.ts'
import { detachText } from '../../../src/identity/detached-values.ts'
import { issueLoginToken } from '../../../src/identity/login-tokens.ts'
import { TAKEN_PLACE } from '../../../src/identity/taken-values.ts'
import { vacuum } from '../../../src/ops/purge/space.ts'
import { correctSubject } from '../../../src/saga/correct-subject.ts'
import { eraseSubject } from '../../../src/saga/erase-subject.ts'
import { receiveNotification } from '../../../src/saga/payments.ts'
import { redeemVoucher } from '../../../src/saga/redeem-voucher.ts'
import { findings, plant, subscription } from '../../ops/check/planting.ts'
import {
  ADMIN,
  addVouchers,
  asked,
  codeOf,
  emptied,
  failureOf,
  NOW,
  SECOND,
  type World,
  withWorld,
} from '../../saga/world.ts'
import { addEmailCode, ERASER, emailOf, erase, ipOf, live, makeAdministrator, othersIn, payment } from './world.ts'

const withPeople = (work: (world: World) => Promise<void>) =>
  withWorld(
    async (world) => {
      await live(world.context, 'ann')
      await live(world.context, 'bob')
      await emptied(world.context)
      await work(world)
    },
    { env: TRY_OUT },
  )

/** Whether the bytes of the three files and their logs hold this text, in any case. */
const holds = async ({ files }: Context, text: string): Promise<boolean> => {
  for (const domain of DOMAINS) await files[domain].checkpoint()
  const paths = DOMAINS.flatMap((domain) => [files[domain].path, `${files[domain].path}-wal`])
  return paths.some((path) => readFileSync(path).toString('latin1').toLowerCase().includes(text))
}

describe('an erasure', () => {
  test('leaves nothing of the person in any byte, and everything of everybody else', () =>
    withPeople(async ({ context }) => {
      const before = othersIn(context, 'ann')
      expect(await holds(context, emailOf('ann'))).toBe(true)
      const receipt = await erase(context, 'ann')
      expect(receipt.proof).toMatchObject({ values: { email: expect.any(Number), ip: 1 }, found: [] })
      expect(receipt.proof?.searched.map(({ file }) => file)).toEqual(
        expect.arrayContaining(['identity.db', 'billing.db', 'admin.db']),
      )
      expect(await holds(context, emailOf('ann'))).toBe(false)
      const after = othersIn(context, 'ann')
      // What the erasure itself writes names the person, or is a row of its own.
      for (const table of Object.keys(before).filter((name) => !/Outbox|Inbox|Change$|AuthLog/.test(name)))
        expect({ table, rows: after[table] }).toEqual({ table, rows: before[table] })
      for (const table of Object.keys(before))
        expect(after[table]).toEqual(expect.arrayContaining([...(before[table] ?? [])]))
      expect(context.files.identity.rows.list('AuthLog', { email: emailOf('bob') }).length).toBeGreaterThan(0)
      expect(await holds(context, ipOf('bob'))).toBe(true)
    }))

  test('follows the policy of each link: deleted, emptied, kept with the law and its period', () =>
    withPeople(async ({ context }) => {
      const { billing, admin, identity } = context.files
      await billing.change((tx) => tx.run(`update "SubscriptionEvent" set actor = 'ann' where userId = 'ann'`))
      const { tables } = await erase(context, 'ann')
      expect(billing.rows.list('Subscription', { userId: 'ann' })).toEqual([])
      expect(billing.rows.list('RecurringSchedule', { userId: 'ann' })).toEqual([])
      expect(billing.rows.list('ProcessedPayment', { userId: 'ann' })).toHaveLength(1)
      expect(admin.rows.find('Voucher', { id: 'v-ann' })).toMatchObject({
        userId: null,
        redeemedBy: 'ann',
        redeemed: true,
      })
      expect(identity.rows.list('Session', { userId: 'ann' })).toEqual([])
      for (const domain of DOMAINS)
        expect(
          (context.files[domain].rows as typeof billing.rows).find('Tombstone', { subjectId: 'ann' }),
        ).toBeDefined()
      expect(tables).toContainEqual(expect.objectContaining({ table: 'Subscription', action: 'deleted', rows: 1 }))
      expect(tables).toContainEqual(expect.objectContaining({ table: 'Voucher', action: 'emptied', rows: 1 }))
      const events = billing.rows.list('SubscriptionEvent', { userId: 'ann' })
      expect(tables.filter(({ table }) => table === 'SubscriptionEvent')).toMatchObject([
        { action: 'kept', rows: events.length, columns: ['userId', 'actor'] },
      ])
      expect(tables.filter(({ table }) => table === 'Voucher')).toMatchObject([
        { action: 'kept', rows: 1, columns: ['redeemedBy'] },
        { action: 'emptied', rows: 1, columns: ['userId'] },
      ])
      const payments = tables.find(({ table }) => table === 'ProcessedPayment')
      expect(payments).toMatchObject({
        action: 'kept',
        rows: 1,
        period: '7y',
        because: expect.stringMatching(/Act 28 of 2011/),
      })
    }))

  test('keeps the log of the door without address, IP and words', () =>
    withPeople(async ({ context }) => {
      const { rows } = context.files.identity
      const before = rows.list('AuthLog', {})
      await erase(context, 'ann')
      const after = rows.list('AuthLog', {})
      expect(after.map(({ id, action }) => `${id} ${action}`)).toEqual(
        before.map(({ id, action }) => `${id} ${action}`),
      )
      const emptied = after.filter(({ email }) => email === null)
      expect(emptied.length).toBe(4) // Two requests, a sign-in, a voucher.
      expect(emptied.every(({ ip, meta }) => ip === null && meta === null)).toBe(true)
    }))

  test('is foretold by its preview, which changes nothing', () =>
    withPeople(async ({ context }) => {
      const before = othersIn(context, 'nobody')
      const preview = await previewErasure(ERASER(context), 'ann')
      expect(othersIn(context, 'nobody')).toEqual(before)
      const { tables } = await erase(context, 'ann')
      expect(tables).toEqual(preview.tables)
      expect(tables.length).toBeGreaterThan(10)
      const keys = tables.map(({ file, table, action }) => `${file}.${table} ${action}`)
      expect(keys).toEqual([...new Set(keys)])
    }))

  test('says the same when it is asked for again, by the same receipt', () =>
    withPeople(async ({ context }) => {
      const receipt = await erase(context, 'ann')
      expect(await erase(context, 'ann')).toEqual(receipt)
      expect(context.files.identity.rows.list('Erasure', {})).toHaveLength(1)
    }))

  test('is written again to a file that was put back past the application, as the check says to', () =>
    withPeople(async ({ context, databases }) => {
      const found = async () => {
        const all = await findings(databases, { only: ['tombstones'] })
        return all.map(({ place, message, next }) => `${place.file}: ${message.split(': ')[1]}. ${next.split(':')[0]}`)
      }
      const receipt = await erase(context, 'ann')
      const rowsOfAnn = () => context.files.billing.rows.list('Subscription', { userId: 'ann' }).length
      expect([await found(), rowsOfAnn()]).toEqual([[], 0])
      plant(databases, 'billing', `delete from "Tombstone" where subjectId = 'ann'`, subscription('s-ann', 'ann'))
      const says = 'billing: ann. Run "npx gogga subject erase ann"'
      expect([await found(), rowsOfAnn()]).toEqual([[says, says], 1])
      expect(await erase(context, 'ann')).toEqual(receipt)
      expect([await found(), rowsOfAnn()]).toEqual([[], 0])
      await emptied(context)
      // Also where identity.db knows nothing of it.
      const lost = ['"Tombstone"', '"Erasure"'].map((table) => `delete from ${table} where subjectId = 'ann'`)
      plant(databases, 'identity', ...lost)
      plant(databases, 'billing', lost[0] ?? '')
      expect((await found()).length).toBeGreaterThan(0)
      expect(await erase(context, 'ann')).toMatchObject({ ids: ['ann'], subjectId: 'ann' })
      expect(await found()).toEqual([])
      expect(await failureOf(erase(context, 'nobody'))).toMatchObject({ status: 404 })
    }))

  test('ends with a receipt by whoever comes next, where the process was ended after the saga', () =>
    withPeople(async ({ context }) => {
      await eraseSubject(context.sagas, { subjectId: 'ann', askedBy: 'test' }, asked('POST /v1/erasure'))
      const { rows } = context.files.identity
      expect(rows.list('DetachedValue', { place: TAKEN_PLACE }).map(({ value }) => value)).toContain(emailOf('ann'))
      const receipt = await erase(context, 'ann')
      expect(receipt).toMatchObject({ proven: true, proof: { values: { email: 1, ip: 1 }, found: [] } })
      expect(rows.list('DetachedValue', { place: TAKEN_PLACE })).toEqual([])
    }))

  test('tells which backups still hold the person, and until when', () =>
    withPeople(async ({ context }) => {
      const backup = (id: string, takenAt: string, expiresAt: string) => ({
        domain: 'identity' as const,
        id,
        takenAt,
        expiresAt,
      })
      const older = [
        backup('one', '2026-05-01T00:00:00.000Z', '2026-08-01T00:00:00.000Z'),
        backup('two', NOW.toISOString(), '2027-01-01T00:00:00.000Z'),
      ]
      const listBackups = async () => [
        ...older,
        backup('later', '2027-02-01T00:00:00.000Z', '2028-01-01T00:00:00.000Z'),
      ]
      const receipt = await erase(context, 'ann', { listBackups })
      expect(receipt.backups).toEqual(older)
      expect(receipt.lastBackupExpiresAt).toBe('2027-01-01T00:00:00.000Z')
    }))

  test('finds what it must not: a value that lies in a file after all', () =>
    withPeople(async ({ context }) => {
      const kept = `${context.files.billing.path}.before-restore-20260601T000000Z`
      writeFileSync(kept, Buffer.from(`…${Buffer.from(emailOf('ann')).toString('base64')}…`))
      const receipt = await erase(context, 'ann')
      expect(receipt.proof?.found).toEqual([
        { file: 'billing.db.before-restore-20260601T000000Z', kind: 'email', count: 1, where: 'file' },
      ])
      expect(receipt).toMatchObject({
        proven: false,
        next: expect.arrayContaining([expect.stringMatching(/forget-old/)]),
      })
    }))

  test('finds what a tool without secure_delete left behind', () =>
    withPeople(async ({ context, databases }) => {
      plant(
        databases,
        'billing',
        'create table "Notes" (text text)',
        `insert into "Notes" values ('x'), ('${emailOf('ann')}'), ('y')`,
        `delete from "Notes" where text like 'ann%'`,
      )
      const receipt = await erase(context, 'ann')
      expect(receipt.proof?.found).toEqual([
        { file: 'billing.db', kind: 'email', count: 1, where: 'page', tables: ['Notes'] },
      ])
      expect(receipt.next?.join(' ')).toMatch(/Notes .*purge --vacuum.* again: the values are kept/)
      vacuum('billing', databases.paths.billing)
      expect(await erase(context, 'ann')).toMatchObject({ proven: true, proofs: [receipt.proof, { found: [] }] })
    }))

  test('takes samples of the planner along, which hold addresses', () =>
    withPeople(async ({ context }) => {
      context.files.identity.connections.writer.exec('analyze')
      expect(context.files.identity.rows.all('select 1 from sqlite_stat4 limit 1')).toHaveLength(1)
      expect((await erase(context, 'ann')).proof?.found).toEqual([])
    }))

  test('changes nothing where nobody can tell which backups there are', () =>
    withPeople(async ({ context }) => {
      const listBackups = () => Promise.reject(new Error('no store'))
      expect(String(await failureOf(erase(context, 'ann', { listBackups })))).toContain('no store')
      expect(context.files.identity.rows.find('User', { id: 'ann' })).toBeDefined()
    }))

  test('says so where a file cannot follow yet, and has its receipt when it did', () =>
    withPeople(async (world) => {
      const { context, databases } = world
      const other = openWriter('billing', databases.paths.billing)
      other.exec('begin immediate')
      expect(String(await failureOf(erase(context, 'ann')))).toContain(': billing.db did not follow')
      other.exec('rollback')
      other.close()
      expect(context.files.identity.rows.find('User', { id: 'ann' })).toBeUndefined()
      world.pass(400 * SECOND)
      await context.sagas.courier.sweep()
      await emptied(context)
      const values = { emails: [emailOf('ann')], ips: [ipOf('ann')], texts: [] }
      expect((await erase(context, 'ann', { values })).proof).toMatchObject({ values: { email: 1, ip: 1 }, found: [] })
    }))

  test('looks for what is somebody’s through indexes', () =>
    withPeople(async ({ context }) => {
      const { reader } = context.files.identity
      const plans: [sql: string, index: RegExp][] = [
        [
          'select id from "AuthLog" where email in (select value from json_each(?)) and createdAt >= ?',
          /AuthLog_email_idx/,
        ],
        [
          'select id from "AuthLog" where createdAt >= ? and createdAt <= ? and meta like ?',
          /AuthLog_createdAt_id_idx/,
        ],
        [
          `select d.id from json_each(?) k cross join "DetachedValue" d
             on d.place = json_extract(k.value, '$.place') and d.rowId = json_extract(k.value, '$.rowId') and 1 = ?`,
          /DetachedValue_place_rowId_idx/,
        ],
        ['select email from "User" where email > ? order by email limit 1 offset ?', /COVERING INDEX User_email_key/],
        [
          'select email from "AuthLog" where email > ? order by email limit 1 offset ?',
          /COVERING INDEX AuthLog_email_idx/,
        ],
      ]
      for (const [sql, index] of plans) {
        const plan = reader.prepare(`explain query plan ${sql}`).all(
          ...sql
            .replaceAll(/[^?]/g, '')
            .split('')
            .map(() => '1'),
        )
        expect(JSON.stringify(plan), sql).toMatch(index)
      }
    }))

  test('removes mails that lie as files', () =>
    withPeople(async ({ context }) => {
      const { folder } = context.config.mail
      mkdirSync(folder, { recursive: true })
      for (const id of ['ann', 'bob'])
        writeFileSync(join(folder, `${id}.eml`), `To: ${emailOf(id).toUpperCase()}\r\n\r\n`)
      expect((await erase(context, 'ann')).mails).toBe(1)
      expect(() => readFileSync(join(folder, 'ann.eml'))).toThrow()
      expect(readFileSync(join(folder, 'bob.eml'), 'utf8')).toContain('BOB')
    }))

  test.each([
    ['nobody', 'No person has this id'],
    [ADMIN.userId, 'the last service administrator'],
  ])('of %s is refused', (id, message) =>
    withPeople(async ({ context }) => {
      expect(String(await failureOf(erase(context, id)))).toContain(message)
      expect(context.files.identity.rows.list('Tombstone', {})).toEqual([])
    }),
  )
})

describe('a hard case', () => {
  test('an email that is also a voucher’s code: the voucher stays, its code says nothing', () =>
    withPeople(async ({ context }) => {
      await addEmailCode(context, emailOf('ann'))
      const receipt = await erase(context, 'ann')
      expect(receipt.proof?.found).toEqual([])
      expect(context.files.admin.rows.find('Voucher', { id: 'v-code' })).toMatchObject({
        code: expect.stringMatching(/^pii:/),
        redeemed: false,
      })
      expect(context.files.identity.rows.list('DetachedValue', { rowId: 'v-code' })).toEqual([])
    }))

  test('an administrator: acts and what they wrote of others stay, the addresses that they acted from go', () =>
    withPeople(async ({ context }) => {
      const { files, sagas } = context
      await makeAdministrator(context, 'ann')
      await files.identity.change((tx) => {
        tx.insert('AdminLogOrigin', { adminLogId: 'act', ip: ipOf('ann') })
        detachText(tx, { text: 'ask thabo@mail.example', place: 'admin.AdminLog.meta', rowId: 'act' }, sagas)
        detachText(tx, { text: 'for sipho@mail.example', place: 'admin.VoucherLog.meta', rowId: 'step' }, sagas)
      })
      await files.admin.change((tx) => {
        tx.insert('AdminLog', { id: 'act', adminId: 'ann', action: 'user_lookup', targetUser: 'bob', createdAt: NOW })
        tx.insert('VoucherLog', { id: 'step', voucherId: 'v-bob', action: 'voided', actor: 'ann', createdAt: NOW })
      })
      const receipt = await erase(context, 'ann')
      expect(receipt.proof?.found).toEqual([])
      expect(files.identity.rows.find('AdminLogOrigin', { adminLogId: 'act' })).toBeUndefined()
      expect(files.admin.rows.find('AdminLog', { id: 'act' })).toMatchObject({ adminId: 'ann', targetUser: 'bob' })
      for (const rowId of ['act', 'step']) expect(files.identity.rows.list('DetachedValue', { rowId })).toHaveLength(1)
    }))

  test('an address of somebody else in a text about the person stays, the rest of it goes', () =>
    withPeople(async ({ context }) => {
      const { files, sagas } = context
      const text = `${emailOf('bob')} pays for it, 084 555 7777`
      await files.identity.change((tx) => detachText(tx, { text, place: 'admin.AdminLog.meta', rowId: 'of-a' }, sagas))
      await files.admin.change((tx) =>
        tx.insert('AdminLog', { id: 'of-a', adminId: ADMIN.userId, action: 'x', targetUser: 'ann', createdAt: NOW }),
      )
      expect((await erase(context, 'ann')).proof?.found).toEqual([])
      const left = files.identity.rows.list('DetachedValue', { rowId: 'of-a' })
      expect(left.map(({ value }) => value)).toEqual([emailOf('bob')])
    }))

  const shared = async ({ context, pass }: World) => {
    const mention = (rowId: string) =>
      context.files.identity.change((tx) =>
        detachText(tx, { text: emailOf('ann'), place: 'admin.VoucherLog.meta', rowId }, context.sagas),
      )
    await mention('ann-s')
    pass(SECOND)
    await correctSubject(context.sagas, { subjectId: 'ann', email: 'anne@mail.example' }, asked('POST /v1/corrections'))
    pass(SECOND)
    await context.files.identity.change((tx) => {
      const times = { createdAt: context.now(), updatedAt: context.now() }
      tx.insert('User', { id: 'ben', email: emailOf('ann'), isAdmin: false, isServiceAdmin: false, ...times })
      issueLoginToken(tx, { email: emailOf('ann'), ip: '41.99.1.1' }, context.sagas)
    })
    await mention('ben-s')
  }
  const mentions = ({ files }: Context) =>
    files.identity.rows.list('DetachedValue', { place: 'admin.VoucherLog.meta' }).map(({ rowId }) => rowId)

  test('two who had one address: of the first, only what is from their time goes', () =>
    withPeople(async (world) => {
      await shared(world)
      const { context } = world
      const receipt = await erase(context, 'ann')
      expect(mentions(context)).toEqual(['ben-s'])
      expect(context.files.identity.rows.list('AuthLog', { email: emailOf('ann') })).toHaveLength(1)
      expect(context.files.identity.rows.list('LoginToken', { email: emailOf('ann') })).toHaveLength(1)
      expect(receipt.proof).toMatchObject({ found: [], values: { email: expect.any(Number) } })
      expect(receipt.proof?.shared).toBeGreaterThan(0) // The address is somebody else's now.
      expect(await holds(context, 'anne@mail.example')).toBe(false)
    }))

  test('two who had one address: of the second, nothing of the first goes', () =>
    withPeople(async (world) => {
      await shared(world)
      await erase(world.context, 'ben')
      expect(mentions(world.context)).toEqual(['ann-s'])
      expect(world.context.files.identity.rows.list('AuthLog', { email: 'anne@mail.example' }).length).toBe(4)
    }))

  test('rows of somebody else’s session under the same address stay theirs', () =>
    withPeople(async ({ context }) => {
      const { files } = context
      const [session] = files.identity.rows.list('Session', { userId: 'bob' })
      await files.identity.change((tx) =>
        tx.run('update "AuthLog" set email = ? where meta like ?', emailOf('ann'), `%${session?.id}%`),
      )
      await erase(context, 'ann')
      expect(files.identity.rows.list('AuthLog', { email: emailOf('ann') })).toHaveLength(1)
    }))

  test('a contact with the same address goes along', () =>
    withPeople(async ({ context }) => {
      await context.files.identity.change((tx) =>
        tx.insert('Contact', { id: 'c1', email: 'Ann@Mail.Example', emailKey: emailOf('ann'), createdAt: NOW }),
      )
      expect(String(await failureOf(erase(context, 'c1')))).toContain('also that of another account')
      const receipt = await erase(context, 'ann')
      expect(receipt).toMatchObject({ ids: ['ann', 'c1'], proof: { found: [] } })
      expect(
        context.files.admin.rows
          .list('Tombstone', {})
          .map(({ subjectId }) => subjectId)
          .sort(),
      ).toEqual(['ann', 'c1'])
    }))

  test('a voucher that is claimed and not granted yet is given back', () =>
    withPeople(async (world) => {
      const { context } = world
      await addVouchers(context, 'R500', 'v9')
      // The claim's process died right after its commit.
      const dying = await world.again({
        reached: (place) => {
          if (place === 'voucher-redeemed:before-delivery') throw new Error('gone')
        },
      })
      await failureOf(redeemVoucher(dying.sagas, { code: codeOf('v9'), userId: 'ann' }, asked('POST /v1/redeem')))
      await dying[Symbol.asyncDispose]()
      expect(context.files.admin.rows.find('Voucher', { id: 'v9' })).toMatchObject({ redeemed: true })
      await erase(context, 'ann')
      world.pass(400 * SECOND)
      await context.sagas.courier.sweep()
      await emptied(context)
      expect(context.files.admin.rows.find('Voucher', { id: 'v9' })).toMatchObject({
        redeemed: false,
        redeemedBy: null,
        userId: null,
      })
      expect(context.files.billing.rows.list('Subscription', { userId: 'ann' })).toEqual([])
      const steps = context.files.admin.rows.list('VoucherLog', {})
      const again = redeemVoucher(context.sagas, { code: codeOf('v9'), userId: 'ann' }, asked('POST /v1/redeem'))
      expect(String(await failureOf(again))).toContain('was erased')
      expect(context.files.admin.rows.list('VoucherLog', {})).toEqual(steps)
    }))

  test('money that comes afterwards is recorded, and nothing is opened', () =>
    withPeople(async ({ context }) => {
      await erase(context, 'ann')
      await receiveNotification(context.sagas, payment('ann', { paymentId: 'pf-late' }))
      const { billing, identity } = context.files
      expect(billing.rows.find('ProcessedPayment', { pfPaymentId: 'pf-late' })).toMatchObject({ userId: 'ann' })
      expect(billing.rows.list('Subscription', { userId: 'ann' })).toEqual([])
      expect(identity.rows.list('Contact', {})).toEqual([])
      expect(await holds(context, emailOf('ann'))).toBe(false)
    }))

  test('what an administrator wrote is on its way to the log: its values go, the log comes', () =>
    withWorld(async (world) => {
      const { context } = world
      const dying = await world.again({
        reached: (place) => {
          if (place === 'admin-acted:before-delivery') throw new Error('gone')
        },
      })
      await live(dying, 'ann')
      await dying[Symbol.asyncDispose]()
      expect(context.files.identity.rows.list('DetachedValue', {})).toHaveLength(3)
      const receipt = await erase(context, 'ann')
      expect(receipt.proof?.found).toEqual([])
      expect(context.files.identity.rows.list('DetachedValue', {})).toEqual([])
    }))

  test('another account with another spelling of the address: nobody is taken for somebody else', () =>
    withPeople(async ({ context }) => {
      await context.files.identity.change((tx) =>
        tx.run(`update "User" set email = 'ANN@mail.example' where id = 'bob'`),
      )
      expect(String(await failureOf(erase(context, 'bob')))).toContain('also that of another account')
    }))
})
