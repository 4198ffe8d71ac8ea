import cors from '@fastify/cors'
import type { FastifyInstance } from 'fastify'
import fastifyPlugin from 'fastify-plugin'

/** Browsers of these origins may call. Without any, the plugin is left out and no answer carries its headers. */
export const crossOrigin = fastifyPlugin(async (app: FastifyInstance, { origins }: { origins: readonly string[] }) => {
  if (origins.length === 0) return
  await app.register(cors, {
    origin: [...origins],
    methods: ['GET', 'HEAD', 'POST', 'PATCH', 'DELETE'],
    allowedHeaders: [
      'authorization',
      'x-api-key',
      'content-type',
      'idempotency-key',
      'x-gogga-actor',
      'x-gogga-purpose',
    ],
    exposedHeaders: ['retry-after', 'location', 'idempotent-replayed'],
    maxAge: 600,
  })
})
