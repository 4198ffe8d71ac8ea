// The bulk load beside which the benchmark writes: people into the file that the first argument names, synced as the second
// says, in long transactions one after the other, until it is killed. As an import does, it makes its rows first and then
// writes them. It looks for the lock ten thousand times a second: with SQLite's own wait, of up to 100 ms, a busy writer
// would hardly let it load anything.
import Database from 'better-sqlite3'
import { tryTo } from './try-to.ts'

const ROWS = 20_000
const LOOK_AGAIN_MS = 0.1
const SLEEP = new Int32Array(new SharedArrayBuffer(4))

const file = new Database(process.argv[2] ?? '', { fileMustExist: true, timeout: 0 })
file.pragma('journal_mode = WAL')
file.pragma(`synchronous = ${process.argv[3] === 'FULL' ? 'FULL' : 'NORMAL'}`)
file.pragma('foreign_keys = ON')
const insert = file.prepare(
  'insert into "User" (id, email, isAdmin, isServiceAdmin, createdAt, updatedAt) values (?, ?, 0, 0, ?, ?)',
)
const write = file.transaction((rows: readonly (readonly string[])[]) => {
  for (const row of rows) insert.run(row)
})

for (let from = 0; ; from += ROWS) {
  const now = new Date().toISOString().replace('Z', '+00:00')
  const rows = Array.from({ length: ROWS }, (_, index) => {
    const number = String(from + index).padStart(12, '0')
    return [`load${number}`, `load${number}@example.co.za`, now, now]
  })
  while (!tryTo(() => write.immediate(rows))) Atomics.wait(SLEEP, 0, 0, LOOK_AGAIN_MS)
  // Whoever started it waits for the first line.
  if (from === 0) process.stdout.write('loading\n')
}
