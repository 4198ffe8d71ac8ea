// Whether the logs are as they were written, over HTTP: what the last verification found, and a way to begin one (POPIA section 19).
import type { FastifyInstance } from 'fastify'
import type { Verifier } from '../../compliance/chain/verifier.ts'
import { StoppedError, UnavailableError } from '../../errors.ts'
import { aboutOperation, jsonAnswer } from '../described.ts'
import { frames } from '../logging.ts'
import { BegunVerification, ChainAnswer } from '../schemas/chain.ts'
import { NoWords } from '../schemas/checks.ts'
import { problemsFor } from '../schemas/problem.ts'

const URL = '/v1/compliance/chain'

export interface ChainOptions {
  /** Undefined: this server verifies nothing. */
  readonly verifier?: Verifier | undefined
}

export async function chainRoutes(app: FastifyInstance, { verifier }: ChainOptions): Promise<void> {
  // What runs ends with the app.
  app.addHook('onClose', async () => await verifier?.[Symbol.asyncDispose]())

  const look = {
    ...aboutOperation(
      'GET',
      URL,
      'What the last verification of the logs found, as `gogga audit verify --json` says it. Nothing is verified for the asking.',
    ),
    tags: ['compliance'],
    summary: "Findings about the logs' chains",
    operationId: 'get-chain',
    response: { 200: jsonAnswer('Chains and findings.', ChainAnswer), ...problemsFor(401, 403) },
  }
  app.get(URL, { schema: look }, (_request, reply) => {
    const { last = null, running = null, failedAt = null } = verifier?.state() ?? {}
    reply.send({ data: last, running, failedAt })
  })

  const about =
    'Every link of every log, some four seconds for a million of them, in a process of its own at low priority: nobody ' +
    'waits for it. Where one runs already, it is this one. Files are only read.'
  const begin = {
    ...aboutOperation('POST', URL, about),
    tags: ['compliance'],
    summary: 'Verify the logs now',
    operationId: 'post-compliance-chain',
    body: NoWords,
    response: {
      202: jsonAnswer('It runs; Location says where to look.', BegunVerification),
      ...problemsFor(400, 401, 403, 413, 415, 422, 503),
    },
  }
  app.post(URL, { schema: begin }, (request, reply) => {
    verifier?.run().catch((error: unknown) => {
      if (error instanceof StoppedError) return // The server ends.
      request.log.error({ error: frames(error) }, 'the verification of the logs came to no end')
    })
    const running = verifier?.state().running
    if (!running)
      throw new UnavailableError('This server verifies nothing now', { hint: 'Run "npx gogga audit verify".' })
    reply.code(202).header('location', URL).send({ data: running })
  })
}
