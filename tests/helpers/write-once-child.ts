// A process of its own that adds one row without waiting for a lock and moves the log into the file. Prints what came of
// it: node write-once-child.ts FILE
import Database from 'better-sqlite3'

const [path = ''] = process.argv.slice(2)
const database = new Database(path, { timeout: 0 })
const said: string[] = []
try {
  database.prepare('insert into "LoginToken" values (?, ?, ?, 1, 0, 1)').run('late', 'late', 'late@mail.example')
  said.push('written')
} catch (error) {
  said.push((error as { code?: string }).code ?? 'failed')
}
const [row] = database.pragma('wal_checkpoint(TRUNCATE)') as { busy: number }[]
said.push(row?.busy ? 'log kept' : 'log emptied')
process.stdout.write(said.join(', '))
database.close()
