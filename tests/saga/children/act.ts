// Runs an act over the folder that the first argument names, and kills itself at a place: a name that is reached, or
// `id <n>` for the n-th id that is drawn. node act.ts FOLDER ACT GIVEN PLACE NOW
import { readConfig, TRY_OUT } from '../../../src/config.ts'
import { createContext } from '../../../src/context.ts'
import { ACTS } from '../acts.ts'

const [dir = '', name = '', given = '', killAt = '', now = ''] = process.argv.slice(2)
const act = ACTS[name]
if (!act) throw new Error(`No act is called ${name}`)

const kill = () => process.kill(process.pid, 'SIGKILL')
let ids = 0
const context = await createContext(readConfig({ GOGGA_DATA_DIR: dir, GOGGA_LOG_LEVEL: 'silent' }, dir, TRY_OUT), {
  now: () => new Date(now),
  mailSent: () => {},
  newId: () => {
    ids += 1
    if (killAt === `id ${ids}`) kill()
    return `child-${crypto.randomUUID()}`
  },
  reached(place) {
    act.meanwhile?.(context, place)
    if (place === killAt) kill()
  },
})
await act.run(context, given).catch((error: unknown) => process.stdout.write(String(error)))
await context[Symbol.asyncDispose]()
process.stdout.write(' was not killed')
