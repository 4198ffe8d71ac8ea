// Sends a mail, lets a message die and answers a request; logs as the server does. Arguments: folder, level.
import { readConfig } from '../../src/config.ts'
import { createContext } from '../../src/context.ts'
import { createApp } from '../../src/http/app.ts'

const [dir, level] = process.argv.slice(2)
await using context = await createContext(readConfig({ GOGGA_DATA_DIR: dir, GOGGA_LOG_LEVEL: level }))
await context.mailer.send({ to: 'thabo@example.co.za', subject: 'A subject', text: 'Call 0821234567' })
const now = context.now()
const message = { id: 'm1', type: 'unheard-of', target: 'admin', payload: '{}', attempts: 0 }
await context.files.billing.change((tx) =>
  tx.insert('OutboxMessage', { ...message, createdAt: now, nextAttemptAt: now }),
)
await context.sagas.courier.sweep()
const app = await createApp(context)
await app.inject('/health/live?email=thabo@example.co.za')
await app.close()
