// Findings of the checks as operations staff see them.
import { z } from 'zod'
import { DOMAINS } from '../../database/domains.ts'
import { TURNS } from '../../ops/check/turns.ts'

const time = () => z.iso.datetime({ offset: true })
const count = z.int().min(0)

const Finding = z.strictObject({
  check: z.string().describe('Which check found it.'),
  severity: z
    .enum(['error', 'warning', 'notice'])
    .describe('error: broken, or about to be lost; warning: look soon; notice: may be as it should be.'),
  place: z.strictObject({ file: z.enum(DOMAINS), table: z.string().nullable(), column: z.string().nullable() }),
  count: count.nullable().describe('Rows, messages, pages or bytes, as the message says.'),
  message: z.string(),
  next: z.string().describe('What to do about it.'),
})

const EXAMPLE = {
  check: 'outbox',
  severity: 'warning',
  place: { file: 'billing', table: 'OutboxMessage', column: null },
  count: 3,
  message: '3 message(s) wait for more than 60 s, the oldest since 2026-03-14T09:26:53.589Z',
  next: 'See "gogga outbox list" for the reason, and check that a server runs that delivers.',
}

const Turn = z.enum(TURNS).describe('often: everything that is quick; whole: also what reads every page of a file.')
const Ended = z.strictObject({
  at: time().describe('When it began: what came later is not in it.'),
  tookMs: count,
  ageSeconds: z.number().min(0),
})
const Running = z.strictObject({ turn: Turn, since: time() })

export const ChecksAnswer = z
  .strictObject({
    data: z.array(Finding).describe('Worst first. Empty where all is well, and before the first turn.'),
    counts: z
      .strictObject({ error: count, warning: count, notice: count })
      .nullable()
      .describe('null: nothing was checked yet.'),
    turns: z
      .strictObject({ often: Ended.nullable(), whole: Ended.nullable() })
      .describe('The last of each since the start.'),
    running: Running.nullable(),
    failedAt: time().nullable().describe('When a turn began that came to no end; null where the last one did.'),
  })
  .meta({
    examples: [
      {
        data: [EXAMPLE],
        counts: { error: 0, warning: 1, notice: 0 },
        turns: {
          often: { at: '2026-03-14T09:30:00.000Z', tookMs: 412, ageSeconds: 61.2 },
          whole: { at: '2026-03-14T02:10:00.000Z', tookMs: 9_310, ageSeconds: 26_461.2 },
        },
        running: null,
        failedAt: null,
      },
    ],
  })

export const BegunChecks = z
  .strictObject({ data: Running })
  .meta({ examples: [{ data: { turn: 'whole', since: '2026-03-14T09:31:01.200Z' } }] })

/** Nothing to say: everything is checked. */
export const NoWords = z
  .strictObject({})
  .optional()
  .meta({ examples: [{}] })
