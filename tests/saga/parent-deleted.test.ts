// Deleting a row leaves no orphan behind: what the catalog says of its links happens, in its file at once and in the others
// by messages, whoever is killed in between.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import type { Context } from '../../src/context.ts'
import { allModels } from '../../src/database/catalog.ts'
import { rowsIn } from '../../src/database/clients.ts'
import { DOMAINS } from '../../src/database/domains.ts'
import type { Tx } from '../../src/database/rows.ts'
import { runChecks } from '../../src/ops/check/checks.ts'
import { pendingPolicies } from '../../src/ops/link-policies.ts'
import { removeIssued } from '../../src/saga/issue-vouchers.ts'
import { filesThatFollow } from '../../src/saga/link-policies.ts'
import { postParentDeleted } from '../../src/saga/parent-deleted.ts'
import {
  ADMIN,
  addPeople,
  addVouchers,
  asked,
  deleteUser,
  emptied,
  NOW,
  SECOND,
  undelivered,
  type World,
  withWorld,
} from './world.ts'

const CHILD = join(import.meta.dirname, 'children/delete-user.ts')
const TIMES = { createdAt: NOW, updatedAt: NOW }

/** Rows of u1 and of u2 in all three files. */
async function live(context: Context): Promise<void> {
  const { files } = context
  await addPeople(context, 'u1', 'u2')
  await addVouchers(context, 'R200', 'v1', 'v2')
  for (const userId of ['u1', 'u2']) {
    const nth = userId.slice(1)
    await files.identity.change((tx) =>
      tx.insert('Session', { id: `s${nth}`, userId, tokenHash: `h${nth}`, createdAt: NOW, expiresAt: NOW }),
    )
    await files.billing.change((tx) => {
      tx.insert('Subscription', {
        ...{ id: `sub${nth}`, userId, tier: 'FREE', status: 'active', credits: 0, creditsUsed: 0, monthlyCredits: 0 },
        ...{ imagesUsed: 0, imagesLimit: 50, retryCount: 0, ...TIMES },
      })
      tx.insert('ProcessedPayment', {
        ...{
          id: `p${nth}`,
          pfPaymentId: `pf${nth}`,
          type: 'subscription',
          amountCents: 9_900,
          userId,
          processedAt: NOW,
        },
      })
    })
    await files.admin.change((tx) =>
      tx.update('Voucher', { id: `v${nth}` }, { userId, redeemed: true, redeemedBy: userId }),
    )
  }
}

const left = ({ files: { identity, billing, admin } }: Context) => ({
  sessions: identity.rows.list('Session', {}).map(({ id }) => id),
  subscriptions: billing.rows.list('Subscription', {}).map(({ id }) => id),
  payments: billing.rows.list('ProcessedPayment', {}).map(({ id }) => id),
  vouchers: admin.rows.list('Voucher', {}).map(({ userId, redeemedBy }) => [userId, redeemedBy]),
})

const FOLLOWED = {
  sessions: ['s2'],
  subscriptions: ['sub2'],
  payments: ['p1', 'p2'], // Kept: money that came in.
  vouchers: [
    [null, 'u1'],
    ['u2', 'u2'],
  ],
}

async function orphans({ databases, clock }: World): Promise<readonly string[]> {
  const found: string[] = []
  for await (const { severity, place } of runChecks({ paths: databases.paths, now: clock.now, only: ['links'] }))
    if (severity !== 'notice') found.push(`${place.file}.${place.table}`)
  return found
}

it('follows every policy when a user is deleted, and touches nobody else', () =>
  withWorld(async (world) => {
    await live(world.context)
    const { change } = await deleteUser(world.context, 'u1')
    expect(change.settled).toBe(true)
    expect(left(world.context)).toEqual(FOLLOWED)
    expect(await orphans(world)).toEqual([])
  }))

it.each([
  'delete a user:committed',
  ...['billing', 'admin'].flatMap((target) => [
    `parent-deleted-${target}:before-delivery`,
    `parent-deleted-${target}:delivered`,
  ]),
])('is finished by the next sweep where the process was killed at %s', (place) =>
  withWorld(async (world) => {
    const { context, databases, clock, pass } = world
    await live(context)
    const child = spawnSync(process.execPath, [CHILD, databases.dir, place, clock.now.toISOString()], {
      encoding: 'utf8',
    })
    expect([child.signal, child.stdout]).toEqual(['SIGKILL', ''])
    // Its own file is done; the others wait, and the metric says how long.
    expect(left(context).sessions).toEqual(['s2'])
    expect(undelivered(context)).not.toEqual([])
    pass(10 * SECOND)
    const pending = pendingPolicies(context.files, clock.now)
    expect(pending).toEqual({ waiting: undelivered(context).length, oldestMs: 10 * SECOND })
    await context.sagas.courier.sweep()
    await emptied(context)
    expect(left(context)).toEqual(FOLLOWED)
    expect(await orphans(world)).toEqual([])
    expect(pendingPolicies(context.files, clock.now)).toEqual({ waiting: 0, oldestMs: 0 })
  }),
)

it('follows what a contact leaves, and the origin of a row of the admin log', () =>
  withWorld(async ({ context }) => {
    const { files, sagas } = context
    await files.billing.change((tx) =>
      tx.insert('Change', {
        id: 'c1',
        route: 'x',
        requestHash: 'x',
        subjectId: 'k1',
        status: 200,
        answer: '{}',
        createdAt: NOW,
      }),
    )
    await files.identity.change((tx) => {
      for (const adminLogId of ['l1', 'l2']) tx.insert('AdminLogOrigin', { adminLogId, ip: '192.0.2.1' })
    })
    await sagas.changes.begin('identity', asked('delete a contact'), {
      write(tx, begin) {
        postParentDeleted(tx as unknown as Tx, { model: 'Contact', ids: ['k1'] }, begin)
        return { data: {} }
      },
    })
    await sagas.changes.begin('admin', asked('delete a log'), {
      write(tx, begin) {
        postParentDeleted(tx as unknown as Tx, { model: 'AdminLog', ids: ['l1'] }, begin)
        return { data: {} }
      },
    })
    expect(files.billing.rows.find('Change', { id: 'c1' })).toBeUndefined()
    expect(files.identity.rows.list('AdminLogOrigin', {}).map(({ adminLogId }) => adminLogId)).toEqual(['l2'])
  }))

it('sends many in few messages, each of which takes effect once', () =>
  withWorld(async ({ context, pass }) => {
    const { files, sagas } = context
    const ids = Array.from({ length: 450 }, (_, nth) => `l${nth}`)
    await files.identity.change((tx) => {
      for (const adminLogId of [...ids, 'other']) tx.insert('AdminLogOrigin', { adminLogId, ip: '192.0.2.1' })
    })
    const posted: string[] = []
    await files.admin.change((tx) =>
      postParentDeleted(tx as unknown as Tx, { model: 'AdminLog', ids }, { post: ({ what }) => posted.push(what) }),
    )
    expect(new Set(posted).size).toBe(3)
    await sagas.changes.begin('admin', asked('delete many'), {
      write(tx, begin) {
        postParentDeleted(tx as unknown as Tx, { model: 'AdminLog', ids }, begin)
        return { data: {} }
      },
    })
    pass(4 * SECOND)
    await sagas.courier.sweep()
    expect(files.identity.rows.list('AdminLogOrigin', {}).map(({ adminLogId }) => adminLogId)).toEqual(['other'])
    const received = rowsIn(files, 'identity').list('InboxMessage', {})
    expect(received.filter(({ type }) => type === 'parent-deleted-identity')).toHaveLength(3)
  }))

it('writes no message for what nobody follows: a voucher’s log stays', () =>
  withWorld(async ({ context }) => {
    await addPeople(context)
    await addVouchers(context, 'R200', 'v1')
    await removeIssued(context.sagas, ADMIN, 'v1', asked('DELETE /v1/vouchers/v1'))
    expect(DOMAINS.flatMap((domain) => rowsIn(context.files, domain).list('InboxMessage', {}))).toEqual([])
    expect(context.files.admin.rows.list('VoucherLog', {})).toMatchObject([{ voucherId: 'v1', action: 'deleted' }])
  }))

it('reaches every link of the catalog that is not kept', () => {
  const links = allModels.flatMap((model) =>
    model.links.filter(({ onErase }) => onErase !== 'keep').map((link) => ({ model, link })),
  )
  expect(links.length).toBeGreaterThan(5)
  for (const { model, link } of links)
    expect(filesThatFollow({ domain: link.to.domain, model: link.to.model })).toContain(model.domain)
})
