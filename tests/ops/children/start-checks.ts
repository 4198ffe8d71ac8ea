// Prints what keeps a server from starting over the folder that the first argument names. `migrate`: missing files are fine.
import { readConfig } from '../../../src/config.ts'
import { findStartProblems } from '../../../src/ops/start-checks.ts'

const [dir = '', word] = process.argv.slice(2)
const found = await findStartProblems(readConfig({ GOGGA_DATA_DIR: dir, PORT: '0' }), [], {
  willMigrate: word === 'migrate',
})
process.stdout.write(JSON.stringify(found))
