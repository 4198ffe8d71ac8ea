// A process of its own that writes to the unified database without a pause: node writer-child.ts FILE JOURNAL_MODE
// Each transaction adds a user and that user's login token, so that a torn copy shows. Ends when its input ends.
import Database from 'better-sqlite3'

const [path = '', mode = ''] = process.argv.slice(2)
const database = new Database(path, { timeout: 10_000 })
database.pragma(`journal_mode = ${mode}`)
const user = database.prepare('insert into "User" (id, email, "createdAt", "updatedAt") values (?, ?, 1, 1)')
const token = database.prepare('insert into "LoginToken" values (?, ?, ?, 1, 0, 1)')
const write = database.transaction((nth: number) => {
  user.run(`w${nth}`, `writer.${nth}@mail.example`)
  token.run(`w${nth}`, `writer-${nth}`, `writer.${nth}@mail.example`)
})

let nth = 0
function turn(): void {
  write(nth++)
  if (nth === 20) process.stdout.write('ready\n')
  setImmediate(turn)
}
process.stdin.on('end', () => {
  database.close()
  process.exit(0)
})
process.stdin.resume()
turn()
