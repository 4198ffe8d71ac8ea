// From the moment that the server begins to close, each answer asks its client not to use the connection again: who did would
// find it cut, and could not tell whether the request was taken.
import type { FastifyInstance } from 'fastify'
import fastifyPlugin from 'fastify-plugin'

export const draining = fastifyPlugin(async (app: FastifyInstance) => {
  let isClosing = false
  app.addHook('preClose', (done) => {
    isClosing = true
    done()
  })
  app.addHook('onSend', (_request, reply, payload, done) => {
    if (isClosing) reply.header('connection', 'close')
    done(null, payload)
  })
})
