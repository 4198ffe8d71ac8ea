// Charges what is due now, for somebody who waits for it, rather than at the background's next turn. Those who come while
// it runs share the run after it.
import type { FastifyInstance } from 'fastify'
import type { Context } from '../context.ts'
import { makeCharges } from '../saga/recurring-charges.ts'
import { frames } from './logging.ts'

const PATIENCE_MS = 2_000

/** Gives a function that resolves when the charges are made, or after two seconds; at once where payments are off. */
export function chargingOf(app: FastifyInstance, { sagas, payfast }: Context): () => Promise<void> {
  if (!payfast) return async () => {}
  let running: Promise<void> | undefined
  let next: Promise<void> | undefined
  app.addHook('onClose', async () => {
    while (running ?? next) await (running ?? next)
  })
  const run = async () => {
    try {
      await makeCharges(sagas, payfast)
    } catch (error) {
      app.log.error({ error: frames(error) }, 'charging failed') // The background tries again.
    }
  }
  const begin = (): Promise<void> => {
    const begun = run().finally(() => {
      if (running === begun) running = undefined
    })
    running = begun
    return begun
  }
  const charge = (): Promise<void> => {
    if (!running) return begin()
    next ??= running.then(() => {
      next = undefined
      return begin()
    })
    return next
  }
  return () => withPatience(charge())
}

async function withPatience(work: Promise<void>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, PATIENCE_MS)
  try {
    await Promise.race([work, promise])
  } finally {
    clearTimeout(timer)
  }
}
