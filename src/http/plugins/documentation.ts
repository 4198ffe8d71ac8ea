// /openapi.json and /docs. The page and its script come from this server alone: its policy lets it load nothing else.
import { createHash } from 'node:crypto'
import swagger from '@fastify/swagger'
import scalar from '@scalar/fastify-api-reference'
import type { FastifyInstance } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { createJsonSchemaTransform, createJsonSchemaTransformObject } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { finishDocument, OPENAPI, plainer } from '../openapi.ts'

const componentsOf = createJsonSchemaTransformObject({ zodToJsonConfig: { override: plainer } })

export const documentation = fastifyPlugin(async (app: FastifyInstance) => {
  await app.register(swagger, {
    openapi: OPENAPI,
    transform: createJsonSchemaTransform({ zodToJsonConfig: { override: plainer } }),
    transformObject: (input) => finishDocument(componentsOf(input)),
  })
  let text: string | undefined
  const schema = {
    summary: 'This document',
    description: 'The OpenAPI 3.1 description of the API.',
    tags: ['documentation'],
    operationId: 'openapi',
    security: [],
    response: {
      200: z
        .looseObject({ openapi: z.string() })
        .meta({ description: 'OpenAPI 3.1', examples: [{ openapi: '3.1.0' }] }),
    },
  }
  app.get('/openapi.json', { schema }, (_request, reply) => {
    text ??= JSON.stringify(app.swagger())
    reply.type('application/json; charset=utf-8').send(text)
  })
  await app.register(async (scope) => {
    scope.addHook('onSend', async (_request, reply, payload) => {
      if (typeof payload !== 'string') return
      const type = String(reply.getHeader('content-type'))
      if (type.startsWith('text/html')) reply.header('content-security-policy', policyFor(payload))
      reply.header('cache-control', 'public, max-age=3600')
    })
    await scope.register(scalar, {
      routePrefix: '/docs',
      configuration: {
        url: '/openapi.json',
        pageTitle: 'gogga-data',
        withDefaultFonts: false,
        telemetry: false,
        hideClientButton: true,
        showDeveloperTools: 'never',
        mcp: { disabled: true },
        agent: { disabled: true },
      },
    })
  })
})

/** Allows the inline script that is in the page, by its hash, and requests to this server. */
function policyFor(page: string): string {
  const scripts = [...page.matchAll(/<script[^>]*>([\s\S]*?)<\/script>/g)].map(([, script = '']) => script)
  const hashes = scripts
    .filter(Boolean)
    .map((script) => `'sha256-${createHash('sha256').update(script).digest('base64')}'`)
  return [
    "default-src 'none'",
    `script-src 'self' ${hashes.join(' ')}`,
    "style-src 'self' 'unsafe-inline'", // Scalar writes its styles into the page.
    "img-src 'self' data: blob:",
    "font-src 'self' data:",
    "connect-src 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ')
}
