// Whose something is: people whose addresses hold one another's, who had one after the other, or whom only a log knows.
import { describe, expect, test } from 'vitest'
import { TRY_OUT } from '../../../src/config.ts'
import type { Context } from '../../../src/context.ts'
import { postMessage } from '../../../src/database/outbox.ts'
import { emailKey, mentionsEmail } from '../../../src/identity/emails.ts'
import { correctSubject } from '../../../src/saga/correct-subject.ts'
import { foreseeErasure } from '../../../src/saga/erase-subject.ts'
import { asked, emptied, failureOf, NOW, SECOND, type World, withWorld } from '../../saga/world.ts'
import { emailOf, erase, live, makeAdministrator } from './world.ts'

const withPeople = (people: readonly string[], work: (world: World) => Promise<void>) =>
  withWorld(
    async (world) => {
      for (const id of people) await live(world.context, id)
      await emptied(world.context)
      await work(world)
    },
    { env: TRY_OUT },
  )

const inDoor = ({ files }: Context, id: string) => files.identity.rows.find('AuthLog', { id })
const logDoor = ({ files }: Context, id: string, row: { email?: string; ip?: string; meta?: string }) =>
  files.identity.change((tx) => tx.insert('AuthLog', { id, action: 'login_failed', createdAt: NOW, ...row }))

test.each([
  ['to ann@x.co.za', true],
  ['<ANN@X.CO.ZA>', true],
  ['{"to":"ann@x.co.za."}', true],
  ['ann@x.co.za', true],
  ['joann@x.co.za', false],
  ['jo.ann@x.co.za', false],
  ['éann@x.co.za', false],
  ['ann@x.co.zam', false],
  ['ann@x.co.za.example.com', false],
  ['joann@x.co.za and ann@x.co.za', true],
])('%s mentions ann@x.co.za: %s', (text, isMentioned) => {
  expect(mentionsEmail(text, 'ann@x.co.za')).toBe(isMentioned)
})

test('an address is the same however its accents are composed', () => {
  expect(emailKey(' Ren\u00e9@x.co.za')).toBe(emailKey('rene\u0301@X.co.za'))
})

describe('an erasure', () => {
  test('leaves everything of somebody whose address ends with the erased one', () =>
    withPeople(['ann', 'joann'], async ({ context }) => {
      const rowsOf = () =>
        (['LegacyOriginal', 'AuthLog', 'LoginToken', 'DetachedValue', 'User'] as const).flatMap((table) =>
          context.files.identity.rows
            .list(table, {})
            .map((row) =>
              JSON.stringify(row, (_, value) => (value?.type === 'Buffer' ? Buffer.from(value.data) : value)),
            )
            .filter((text) => /joann/i.test(text)),
        )
      const originals = () => context.files.identity.rows.list('LegacyOriginal', {}).map(({ rowId }) => rowId)
      const before = rowsOf()
      expect(originals()).toEqual(expect.arrayContaining(['ann', 'ev-ann', 'joann', 'ev-joann']))
      await erase(context, 'ann')
      expect(originals().toSorted()).toEqual(['ev-joann', 'joann'])
      expect(rowsOf()).toEqual(before)
    }))

  test('finds words in the log of the door that mention the person, and leaves the rest of other people’s rows', () =>
    withPeople(['ann', 'bob'], async ({ context }) => {
      await logDoor(context, 'nobody', { ip: '41.13.2.77', meta: `{"tried":"${emailOf('ann').toUpperCase()}"}` })
      await logDoor(context, 'of-bob', { email: emailOf('bob'), ip: '41.13.2.9', meta: `{"cc":"${emailOf('ann')}"}` })
      await logDoor(context, 'of-joann', { email: emailOf('bob'), meta: `{"cc":"jo${emailOf('ann')}"}` })
      await erase(context, 'ann')
      expect(inDoor(context, 'nobody')).toMatchObject({ email: null, ip: null, meta: null })
      expect(inDoor(context, 'of-bob')).toMatchObject({ email: emailOf('bob'), ip: '41.13.2.9', meta: null })
      expect(inDoor(context, 'of-joann')).toMatchObject({ meta: expect.stringContaining('joann') })
    }))

  test('of an administrator takes their addresses along whose logs are on their way', () =>
    withPeople(['ann', 'bob'], async ({ context }) => {
      const { identity, billing } = context.files
      await makeAdministrator(context, 'ann')
      const payload = {
        logId: 'late',
        adminId: 'ann',
        action: 'user_lookup',
        targetUser: 'bob',
        targetId: null,
        meta: {},
      }
      await identity.change((tx) => tx.insert('AdminLogOrigin', { adminLogId: 'late', ip: '41.13.2.99' }))
      await billing.change((tx) =>
        postMessage(
          tx as never,
          {
            ...{ id: 'admin-acted:late', type: 'admin-acted', target: 'admin', subjectId: 'bob' },
            ...{ payload: JSON.stringify(payload), changeId: null },
          },
          context.now(),
        ),
      )
      await erase(context, 'ann')
      expect(identity.rows.list('AdminLogOrigin', { adminLogId: 'late' })).toEqual([])
    }))

  test('takes a contact along that has an address from before a correction, not one that came after', () =>
    withPeople(['ann', 'bob'], async ({ context, pass }) => {
      const { identity } = context.files
      const contact = (id: string, email: string) => ({
        id,
        email,
        emailKey: emailKey(email),
        createdAt: context.now(),
      })
      await identity.change((tx) => tx.insert('Contact', contact('c-ann', emailOf('ann'))))
      pass(SECOND)
      for (const id of ['ann', 'bob'])
        await correctSubject(context.sagas, { subjectId: id, email: `new-${emailOf(id)}` }, asked('POST /v1/x'))
      pass(SECOND)
      await identity.change((tx) => tx.insert('Contact', contact('c-later', emailOf('bob'))))
      expect((await foreseeErasure(context.sagas, 'bob')).ids).toEqual(['bob'])
      const receipt = await erase(context, 'ann')
      expect(receipt.ids).toEqual(['ann', 'c-ann'])
      expect(identity.rows.list('Contact', {}).map(({ id }) => id)).toEqual(['c-later'])
    }))

  test('leaves the former address of somebody else in a text about the person', () =>
    withPeople(['ann', 'bob'], async ({ context, pass }) => {
      const { identity, admin } = context.files
      const [about] = admin.rows.list('AdminLog', { targetUser: 'ann' })
      const place = { place: 'admin.AdminLog.meta', rowId: about?.id ?? '', kind: 'email', bare: false, createdAt: NOW }
      const former = emailOf('bob')
      await identity.change((tx) => tx.insert('DetachedValue', { id: 'd-bob', raw: former, value: former, ...place }))
      pass(SECOND)
      await correctSubject(context.sagas, { subjectId: 'bob', email: 'robert@mail.example' }, asked('POST /v1/x'))
      await erase(context, 'ann')
      expect(identity.rows.find('DetachedValue', { id: 'd-bob' })).toMatchObject({ value: former })
    }))

  test('of an id that only another file names does what the links say; an id that no file names is told', () =>
    withPeople(['ann'], async ({ context }) => {
      const times = { createdAt: NOW }
      await context.files.billing.change((tx) => {
        tx.insert('RestrictedSubject', { subjectId: 'gone', ...times })
      })
      const receipt = await erase(context, 'gone')
      expect(receipt.ids).toEqual(['gone'])
      expect(context.files.billing.rows.find('RestrictedSubject', { subjectId: 'gone' })).toBeUndefined()
      expect(await failureOf(erase(context, 'nobody'))).toMatchObject({ status: 404 })
    }))
})
