import type { FastifyInstance, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Context } from '../../context.ts'
import { DOMAINS } from '../../database/domains.ts'
import { NotFoundError } from '../../errors.ts'
import { allows } from '../authorization.ts'
import { addRead } from '../reads.ts'

const MAX_ID = 200
const ID = 'b7e23ec29af22b0b4e41da31e868d572'

const Params = z.object({
  id: z
    .string()
    .max(MAX_ID)
    .meta({ description: "`change.id` of the change's answer, or the end of its Location.", examples: [ID] }),
})

const Message = z.strictObject({
  type: z.string(),
  target: z.enum(DOMAINS),
  dead: z.boolean().describe('It was tried too often, and waits for whoever runs the server.'),
})

const LookedUp = z
  .strictObject({
    id: z.string(),
    route: z.string(),
    status: z
      .int()
      .describe('Of the final answer; 409 where another file refused the change, which then did not happen.'),
    settled: z.boolean().describe('Whether every file has its part of the change.'),
    createdAt: z.iso.datetime(),
    waiting: z.array(Message).describe('What is not there yet.'),
  })
  .meta({
    examples: [
      {
        id: ID,
        route: 'POST /v1/me/redemptions',
        status: 201,
        settled: false,
        createdAt: '2026-03-14T09:26:53.589Z',
        waiting: [{ type: 'voucher-redeemed', target: 'billing', dead: false }],
      },
    ],
  })

type Found = ReturnType<Context['sagas']['changes']['look']>

export async function changesRoutes(
  app: FastifyInstance,
  { context: { sagas } }: { readonly context: Context },
): Promise<void> {
  addRead(app, {
    url: '/v1/changes/:id',
    tag: 'changes',
    summary: 'Look at a change',
    about:
      'Whether a change that was answered with 202 has all its effects by now; kept for 24 hours. People see their own ' +
      'changes, services those that they asked for, `admin` and `ops` all of them.',
    params: Params,
    data: LookedUp,
    problems: [400, 404],
    run({ params: { id }, request }) {
      const { kept, waiting } = sagas.changes.look(id)
      if (!isVisible(kept, request)) throw new NotFoundError('No change with this id began within 24 hours')
      const { route, status, createdAt } = kept
      return { id, route, status, settled: waiting.length === 0, createdAt, waiting }
    },
  })
}

/** Who signs in is nobody yet: a change without a name is for whoever knows its id. */
function isVisible({ keyId, subjectId }: Found['kept'], { caller, person }: FastifyRequest): boolean {
  if (keyId === null && subjectId === null) return true
  if (person) return subjectId === person.userId
  return caller !== null && (keyId === caller.keyId || allows(['admin', 'ops'], caller))
}
