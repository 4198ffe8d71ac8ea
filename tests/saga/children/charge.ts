// Makes the charges that are due in the folder that the first argument names, at the PayFast of the second, and kills itself
// at the place that the third names. node charge.ts FOLDER URL PLACE NOW
import { readConfig, TRY_OUT } from '../../../src/config.ts'
import { createContext } from '../../../src/context.ts'
import { makeCharges } from '../../../src/saga/recurring-charges.ts'

const [dir = '', url = '', killAt = '', now = ''] = process.argv.slice(2)
const environment = { GOGGA_DATA_DIR: dir, GOGGA_LOG_LEVEL: 'silent', PAYFAST_API_URL: url, PAYFAST_TIMEOUT_MS: '300' }
await using context = await createContext(readConfig(environment, dir, TRY_OUT), {
  now: () => new Date(now),
  reached: (place) => {
    if (place === killAt) process.kill(process.pid, 'SIGKILL')
  },
})
if (!context.payfast) throw new Error('Payments are off')
process.stdout.write(JSON.stringify(await makeCharges(context.sagas, context.payfast)))
