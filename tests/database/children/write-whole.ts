// Runs under a limit on the size of files (ulimit -f): node write-whole.ts PATH BYTES
import { writeWhole } from '../../../src/database/durable.ts'

const [path = '', bytes = '0'] = process.argv.slice(2)
try {
  writeWhole(path, 'é'.repeat(Number(bytes) / 2))
  console.log('written')
} catch (error) {
  console.log((error as NodeJS.ErrnoException).code)
}
