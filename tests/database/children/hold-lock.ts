// Holds the write lock of the file that the first argument names, until it is told to let go.
import Database from 'better-sqlite3'

const connection = new Database(process.argv[2] ?? '')
connection.exec('begin immediate')
process.once('message', () => {
  connection.exec('rollback')
  connection.close()
  process.disconnect()
})
process.send?.('held')
