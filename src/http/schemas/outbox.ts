// Messages between the files as operations staff see them.
import { z } from 'zod'
import { DOMAINS } from '../../database/domains.ts'
import { OUTCOMES } from '../../saga/dead-letters.ts'
import { limitOf } from './limit.ts'

const time = () => z.iso.datetime({ offset: true })
const count = z.int().min(0)

export const OutboxQuery = z.strictObject({
  origin: z
    .enum(DOMAINS)
    .meta({ description: 'Only messages that began in this file.', examples: ['billing'] })
    .optional(),
  dead: z
    .enum(['true', 'false'])
    .meta({ description: '`true`: only dead messages; `false`: only those that are still tried.', examples: ['true'] })
    .transform((word) => word === 'true')
    .optional(),
  limit: limitOf('Messages of each file.'),
})

const message = {
  id: z.string(),
  origin: z.enum(DOMAINS).describe('The file whose outbox it lies in.'),
  target: z.string().describe('The file that it is for.'),
  type: z.string(),
  subjectId: z.string().nullable(),
  changeId: z.string().nullable().describe('The change that it carries on: /v1/changes/{id}.'),
  attempts: count,
  createdAt: time(),
  nextAttemptAt: time(),
  deadAt: time().nullable().describe('Since then nobody tries it any more.'),
  reason: z.string().nullable().describe('Why the last attempt failed.'),
}

const EXAMPLE = {
  id: 'user-created:cmb2x9k4d0001',
  origin: 'identity',
  target: 'billing',
  type: 'user-created',
  subjectId: 'cmb2x9k4d0001',
  changeId: 'b7e23ec29af22b0b4e41da31e868d572',
  attempts: 20,
  createdAt: '2026-03-14T09:26:53.589Z',
  nextAttemptAt: '2026-03-14T11:02:13.589Z',
  deadAt: '2026-03-14T10:57:13.589Z',
  reason: 'unavailable: billing.db is locked by another process',
}

const Message = z.strictObject(message).meta({ id: 'OutboxMessage', examples: [EXAMPLE] })
const Figures = z.strictObject({
  waiting: count,
  dead: count,
  oldest: time().nullable().describe('When the oldest that waits was written.'),
})
const NONE = { waiting: 0, dead: 0, oldest: null }

export const OutboxAnswer = z
  .strictObject({
    data: z.array(Message),
    figures: z.strictObject({ identity: Figures, billing: Figures, admin: Figures }),
  })
  .meta({ examples: [{ data: [EXAMPLE], figures: { identity: { ...NONE, dead: 1 }, billing: NONE, admin: NONE } }] })

export const RetriedMessage = z
  .strictObject({
    ...message,
    outcome: z
      .enum(OUTCOMES)
      .describe('settled: it took effect, or was refused and sent back; waiting: tried again soon; dead: no more.'),
  })
  .meta({ examples: [{ ...EXAMPLE, attempts: 0, deadAt: null, outcome: 'settled' }] })

export const DroppedMessage = Message

export const MessageParams = z.object({
  id: z.string().meta({ description: 'The id of the message.', examples: [EXAMPLE.id] }),
})
