// A process of its own that splits or merges, for tests that kill it. It says each phase, and dies by SIGKILL at the
// named one, or in the middle of a batch at the n-th id that it draws: node split-child.ts LEGACY INTO BATCH [PHASE:NTH|id:NTH]
import { split } from '../../src/transfer/split.ts'
import { transferContext } from './transfer.ts'

const [legacy = '', into = '', batch = '', fatal = ''] = process.argv.slice(2)
const [phase, nth] = fatal.split(':')
let seen = 0
const reach = (moment: string | undefined) => {
  if (moment === phase && ++seen === Number(nth)) process.kill(process.pid, 'SIGKILL')
}

const context = transferContext(`child${process.pid}`)
const report = await split({
  legacy,
  into,
  context: {
    ...context,
    batchRows: Number(batch || 20_000),
    progress: (event) => reach(event.phase),
    randomId() {
      reach('id')
      return context.randomId()
    },
  },
})
process.stdout.write(JSON.stringify(report))
