// Writes rows to the billing.db that the first argument names, in WAL mode and without emptying the log, until it is killed.
import { openWriter } from '../../../src/database/connections.ts'

const writer = openWriter('billing', process.argv[2] ?? '')
writer.pragma('wal_autocheckpoint = 0')
const insert = writer.prepare(`insert into "InboxMessage" (id, type, receivedAt) values (?, 'x', '2026-01-01')`)
let count = 0
const write = () => insert.run(`m${count++}`)
while (count < 500) write()
process.stdout.write('written\n')
setInterval(write, 1)
