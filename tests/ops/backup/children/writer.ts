// A process of its own that writes pairs of rows without a pause: node writer.ts FILE. Ends when its input ends.
import { openWriter } from '../../../../src/database/connections.ts'
import { addPair } from '../world.ts'

const [path = ''] = process.argv.slice(2)
const writer = openWriter('billing', path)
writer.pragma('busy_timeout = 10000')
let nth = 1_000_000
function turn(): void {
  addPair(writer, nth++)
  if (nth === 1_000_020) process.stdout.write('ready\n')
  setImmediate(turn)
}
process.stdin.on('end', () => {
  writer.close()
  process.exit(0)
})
process.stdin.resume()
turn()
