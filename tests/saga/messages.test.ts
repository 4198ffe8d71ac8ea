// What the table of messages promises, for every type in it.
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { DOMAINS } from '../../src/database/domains.ts'
import { isMessageType, MESSAGES, type MessageType, post } from '../../src/saga/messages.ts'
import { failureOf, NOW, outboxOf, withWorld } from './world.ts'

const TYPES = Object.keys(MESSAGES) as MessageType[]

/** Each type: an example, and the file whose outbox it goes out of. */
const EXAMPLES = {
  'user-created': { origin: 'identity', payload: { userId: 'u1' } },
  'voucher-redeemed': { origin: 'admin', payload: { voucherId: 'v1', userId: 'u1', voucherType: 'R200' } },
  'voucher-refused': {
    origin: 'billing',
    payload: { voucherId: 'v1', userId: 'u1', voucherType: 'R200', reason: 'no' },
  },
  'voucher-noted': { origin: 'billing', payload: { voucherId: 'v1', userId: 'u1', voucherType: 'R200' } },
  'admin-acted': {
    origin: 'billing',
    payload: {
      logId: 'l1',
      adminId: 'a1',
      action: 'user_lookup',
      targetUser: null,
      targetId: null,
      meta: { found: true },
    },
  },
  'subject-erased-billing': { origin: 'identity', payload: { ids: ['u1'], erasedAt: '2026-06-01T12:00:00.000Z' } },
  'subject-erased-admin': { origin: 'identity', payload: { ids: ['u1', 'c1'], erasedAt: '2026-06-01T12:00:00.000Z' } },
  'subject-restricted': { origin: 'identity', payload: { userId: 'u1' } },
  'restriction-lifted': { origin: 'identity', payload: { userId: 'u1' } },
  'parent-deleted-identity': { origin: 'admin', payload: { domain: 'admin', model: 'AdminLog', ids: ['l1'] } },
  'parent-deleted-billing': { origin: 'identity', payload: { domain: 'identity', model: 'User', ids: ['u1'] } },
  'parent-deleted-admin': { origin: 'identity', payload: { domain: 'identity', model: 'User', ids: ['u1', 'u2'] } },
} as const satisfies Record<MessageType, { origin: 'identity' | 'billing' | 'admin'; payload: object }>

const PERSONAL = /mail|phone|cell|mobile|\bname|surname|address|\bip\b|token|secret|card|birth|idnumber/i

const shapeOf = (type: MessageType): Record<string, unknown> => {
  const schema = z.toJSONSchema(MESSAGES[type].payload as z.ZodType)
  return schema as Record<string, unknown>
}

const edgesOf = (type: MessageType): readonly string[] => [
  ...(MESSAGES[type].follows ?? []),
  ...(MESSAGES[type].compensation === undefined ? [] : [MESSAGES[type].compensation]),
]

describe.each(TYPES)('%s', (type) => {
  const { payload, target, compensation, follows = [] } = MESSAGES[type]
  const example = EXAMPLES[type]

  test('leads to another file than its own', () => {
    expect(DOMAINS).toContain(target)
    expect(target).not.toBe(example.origin)
  })

  test('takes its example and nothing besides', () => {
    const schema = payload as z.ZodType
    expect(schema.parse(example.payload)).toEqual(example.payload)
    expect(schema.safeParse({ ...example.payload, email: 'x' }).success).toBe(false)
    expect(schema.safeParse({ ...example.payload, more: 1 }).success).toBe(false)
    for (const name of Object.keys(example.payload).filter((key) => key !== 'reason')) {
      const { [name]: _, ...rest } = example.payload as Record<string, unknown>
      expect(schema.safeParse(rest).success, `without ${name}`).toBe(false)
    }
  })

  test('is strict at every depth, and no field could hold a person’s data by its name', () => {
    const shape = shapeOf(type)
    expect(shape.additionalProperties).toBe(false)
    const names = Object.keys(shape.properties as object)
    expect(names.filter((name) => PERSONAL.test(name.replaceAll(/([a-z])([A-Z])/g, '$1 $2')))).toEqual([])
    const known = [
      ...[
        'userId',
        'voucherId',
        'voucherType',
        'reason',
        'logId',
        'adminId',
        'action',
        'targetUser',
        'targetId',
        'meta',
        'domain',
        'model',
        'ids',
        'erasedAt',
      ],
    ]
    expect(names.filter((name) => !known.includes(name))).toEqual([])
  })

  test('is written only with a payload that fits, and never with an email in it', () =>
    withWorld(async ({ context }) => {
      const { files } = context
      const change = files[example.origin].change as typeof files.billing.change
      const write = (given: object) =>
        failureOf(change((tx) => post(tx, { type, what: 'x', subjectId: 'u1', payload: given as never }, null, NOW)))
      expect(await write({ ...example.payload, email: 'thabo@example.co.za' })).toBeInstanceOf(Error)
      expect(await write({})).toBeInstanceOf(Error)
      expect(outboxOf(context, example.origin)).toEqual([])
      expect(await write(example.payload)).toBe('no failure')
      expect(outboxOf(context, example.origin)).toMatchObject([{ id: `${type}:x`, type, target, attempts: 0 }])
    }))

  test('names what follows by types that are in the table, out of its target', () => {
    for (const next of edgesOf(type)) {
      expect(isMessageType(next), next).toBe(true)
      expect(EXAMPLES[next as MessageType].origin, next).toBe(target)
    }
  })

  test('has a compensation that goes back to where it began, takes its payload, and has none itself', () => {
    if (compensation === undefined) return
    expect(isMessageType(compensation)).toBe(true)
    const back = MESSAGES[compensation as MessageType]
    expect(back.target).toBe(example.origin)
    expect((back.payload as z.ZodType).safeParse({ ...example.payload, reason: 'no' }).success).toBe(true)
    expect(back.compensation).toBeUndefined()
    expect(follows).not.toContain(compensation)
  })
})

describe('the table', () => {
  test('knows no other types', () => {
    for (const type of ['', 'toString', 'constructor', '__proto__', 'user-created '])
      expect(isMessageType(type)).toBe(false)
  })

  test('lets no file wait for itself: a delivery waits for what follows in its target', () => {
    const waits = new Map<string, Set<string>>()
    for (const type of TYPES.filter((each) => edgesOf(each).length > 0)) {
      const { origin } = EXAMPLES[type]
      waits.set(origin, (waits.get(origin) ?? new Set()).add(MESSAGES[type].target))
    }
    const reach = (from: string, seen = new Set<string>()): Set<string> => {
      for (const next of waits.get(from) ?? []) {
        if (seen.has(next)) continue
        seen.add(next)
        reach(next, seen)
      }
      return seen
    }
    for (const domain of DOMAINS) expect([...reach(domain)], domain).not.toContain(domain)
  })

  test('lets a handler post only what the table says', () =>
    withWorld(async ({ context, pass }) => {
      const { follows } = MESSAGES['voucher-redeemed']
      expect(follows).toEqual(['voucher-noted'])
      const table = MESSAGES['voucher-redeemed'] as { follows?: readonly string[] | undefined }
      table.follows = []
      try {
        const payload = EXAMPLES['voucher-redeemed'].payload
        await context.files.admin.change((tx) =>
          post(tx, { type: 'voucher-redeemed', what: 'x', subjectId: 'u1', payload }, null, NOW),
        )
        pass(3_000)
        await context.sagas.courier.sweep()
        expect(context.files.billing.rows.list('CreditPurchase', {})).toEqual([])
        expect(outboxOf(context, 'admin')).toMatchObject([{ attempts: 1 }])
      } finally {
        table.follows = follows
      }
    }))
})
