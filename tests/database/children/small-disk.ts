// Runs under a limit on the size of files (ulimit -f): a transaction too large for it fails at COMMIT, where the log is
// written. Prints what became of it and of the next one. Argument: path.
import { openWith } from '../files.ts'

const { client, ...file } = await openWith('ours', process.argv[2] ?? '')
const name = (error: unknown) => (error instanceof Error ? `${error.name}: ${error.message}` : String(error))
const insert = (id: string, type: string) =>
  client.$transaction((tx) => tx.inboxMessage.create({ data: { id, type } })).then(() => 'done', name)

console.log(JSON.stringify({ large: await insert('large', 'x'.repeat(1 << 20)), next: await insert('next', 'small') }))
await file[Symbol.asyncDispose]()
