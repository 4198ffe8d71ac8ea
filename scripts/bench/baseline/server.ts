// The legacy way over HTTP, with nothing that it does not need: Fastify, one route each, Prisma `include`.
// Arguments: the path of the one file. Prints its address.
import Fastify from 'fastify'
import { openUnified } from './unified.ts'

const unified = await openUnified(process.argv[2] ?? '')
const app = Fastify()
app.get<{ Querystring: { start?: string } }>('/users', (request) => unified.page(request.query.start ?? ''))
app.get<{ Params: { id: string } }>('/users/:id', (request) => unified.one(request.params.id))
process.stdout.write(`${await app.listen({ host: '127.0.0.1', port: 0 })}\n`)
process.once('SIGTERM', async () => {
  await app.close()
  await unified.close()
})
