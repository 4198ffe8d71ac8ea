// Sweeps the outboxes of the folder that the first argument names until nothing is left, beginning when it is told so on
// its input, and prints how many messages it delivered. node sweep.ts FOLDER NOW
import { once } from 'node:events'
import { readConfig } from '../../../src/config.ts'
import { createContext } from '../../../src/context.ts'
import { rowsIn } from '../../../src/database/clients.ts'
import { DOMAINS } from '../../../src/database/domains.ts'

const [dir = '', now = ''] = process.argv.slice(2)
let time = Date.parse(now)
let delivered = 0
await using context = await createContext(readConfig({ GOGGA_DATA_DIR: dir, GOGGA_LOG_LEVEL: 'silent' }, dir), {
  now: () => new Date(time),
  reached: (place) => {
    if (place.endsWith(':delivered')) delivered += 1
  },
})
process.stdout.write('ready\n')
await once(process.stdin, 'data')
process.stdin.destroy()

const left = () =>
  DOMAINS.reduce((sum, domain) => sum + rowsIn(context.files, domain).list('OutboxMessage', {}).length, 0)
while (left() > 0) {
  const swept = await context.sagas.courier.sweep()
  // The other process has claimed the rest: wait as long as its claims last, by a clock that runs faster.
  if (swept === 0) time += 100
  await new Promise((resolve) => setTimeout(resolve, 1))
}
process.stdout.write(`${delivered}\n`)
