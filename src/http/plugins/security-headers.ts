// @fastify/helmet builds its headers anew for every request, which takes longer than a small answer. They never differ,
// so helmet is asked once and its answer is sent always.
import helmet from '@fastify/helmet'
import fastify, { type FastifyInstance } from 'fastify'
import fastifyPlugin from 'fastify-plugin'

/** Nothing here is a page, save the documentation, which brings a policy of its own. */
const OPTIONS = {
  contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } },
  referrerPolicy: { policy: 'no-referrer' },
} as const

export const securityHeaders = fastifyPlugin(async (app: FastifyInstance) => {
  const headers = Object.entries(await headersOfHelmet())
  app.addHook('onRequest', (_request, reply, done) => {
    for (const [name, value] of headers) reply.header(name, value)
    done()
  })
})

async function headersOfHelmet(): Promise<Record<string, string>> {
  const probe = fastify()
  await probe.register(helmet, OPTIONS)
  probe.get('/', async () => '')
  const { headers } = await probe.inject('/')
  await probe.close()
  const notHelmets = ['content-length', 'content-type', 'date', 'connection']
  const entries = Object.entries(headers).filter(([name]) => !notHelmets.includes(name))
  // Answers hold what only their caller may see.
  return { ...(Object.fromEntries(entries) as Record<string, string>), 'cache-control': 'no-store' }
}
