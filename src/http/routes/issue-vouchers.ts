import type { FastifyInstance } from 'fastify'
import type { Context } from '../../context.ts'

export async function issueVouchersRoutes(
  _app: FastifyInstance,
  _options: { readonly context: Context },
): Promise<void> {}
