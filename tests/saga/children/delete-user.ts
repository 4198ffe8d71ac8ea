// Deletes a user in a change of its own, and kills itself at a named place. node delete-user.ts FOLDER PLACE NOW
import { readConfig } from '../../../src/config.ts'
import { createContext } from '../../../src/context.ts'
import { deleteUser } from '../people.ts'

const [dir = '', killAt = '', now = ''] = process.argv.slice(2)
const context = await createContext(readConfig({ GOGGA_DATA_DIR: dir }, dir), {
  now: () => new Date(now),
  mailSent: () => {},
  reached: (place) => {
    if (place === killAt) process.kill(process.pid, 'SIGKILL')
  },
})
await deleteUser(context, 'u1')
process.stdout.write('was not killed')
