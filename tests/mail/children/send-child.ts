// A process of its own that writes one mail into a folder: node send-child.ts FOLDER
import { createMailer } from '../../../src/mail/mailer.ts'

const [folder = ''] = process.argv.slice(2)
await using mailer = createMailer({
  smtpUrl: undefined,
  from: 'GOGGA <no-reply@gogga.example>',
  folder,
  newId: () => 'm1',
  now: () => new Date('2026-11-22T10:00:00Z'),
})
await mailer.send({ to: 'thandi@example.com', subject: 'Large', text: 'x'.repeat(200_000) })
