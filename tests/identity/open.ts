import { openFile } from '../../src/database/clients.ts'
import { withDatabases } from '../helpers/databases.ts'

export type IdentityFile = Awaited<ReturnType<typeof openFile<'identity'>>>

/** Runs `work` with a fresh identity.db. */
export const withIdentity = <T>(work: (file: IdentityFile) => Promise<T>): Promise<T> =>
  withDatabases(async ({ paths }) => {
    await using file = await openFile('identity', paths.identity, { busyTimeoutMs: 200, cacheMb: 4 })
    return await work(file)
  })
