// Real messages that could not be delivered: admin.db was locked when somebody acted.
import { openWriter } from '../../src/database/connections.ts'
import { act, withRoles } from './administrators.ts'
import { type TestApp, withApp } from './app.ts'

/** With `attempts` 1 a message is dead at its first failure. */
export const withOutbox = (work: (test: TestApp) => Promise<void>, attempts = 1): Promise<void> =>
  withApp(
    async (test) => {
      await withRoles(test)
      await work(test)
    },
    { env: { GOGGA_OUTBOX_MAX_ATTEMPTS: String(attempts) } },
  )

/** Overrides the user's tier while admin.db is locked, and gives the id of the message that would log it. */
export async function strand(test: TestApp, userId = 'u4'): Promise<string> {
  const before = new Set(waiting(test))
  const release = lock(test)
  await act(test, { url: `/v1/users/${userId}/tier-overrides`, body: { tier: 'JIVE', reason: 'Outage' } })
  release()
  const [id = ''] = waiting(test).filter((message) => !before.has(message))
  return id
}

/** Another process holds the writer of admin.db until the function is called that this gives. */
export function lock({ databases }: TestApp): () => void {
  const other = openWriter('admin', databases.paths.admin)
  other.exec('begin immediate')
  return () => {
    other.exec('rollback')
    other.close()
  }
}

export const waiting = ({ context }: TestApp): readonly string[] =>
  context.files.billing.rows.list('OutboxMessage', {}).map(({ id }) => id)
