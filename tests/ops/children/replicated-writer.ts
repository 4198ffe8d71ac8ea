// A process of its own that writes to billing.db as the server does: node replicated-writer.ts FILE ROWS_PER_SECOND FIRST.
// A line for each row once it is acknowledged: its id and the time of that. What comes on its input ends it in order.
import { setTimeout as wait } from 'node:timers/promises'
import { openFile } from '../../../src/database/clients.ts'

const EVERY_MS = 10
const [path = '', rate = '', first = '0'] = process.argv.slice(2)
const file = await openFile('billing', path, { busyTimeoutMs: 5_000, cacheMb: 8 })
let isOver = false
process.stdin.on('data', () => {
  isOver = true
})

async function write(nth: number): Promise<void> {
  const id = `payment-${nth}`
  const row = { id, pfPaymentId: `${(nth * 7_919) % 1_000_003}-${nth}`, type: 'subscription', amountCents: 100 }
  await file.change((tx) =>
    tx.insert('ProcessedPayment', { ...row, userId: `user-${nth % 1000}`, processedAt: new Date() }),
  )
  process.stdout.write(`${id} ${Date.now()}\n`)
}

const began = performance.now()
const writing = new Set<Promise<void>>()
for (let nth = 0; !isOver; await wait(EVERY_MS)) {
  for (; nth < ((performance.now() - began) / 1000) * Number(rate); nth++) {
    const one = write(Number(first) + nth).finally(() => writing.delete(one))
    writing.add(one)
  }
}
await Promise.all(writing)
await file[Symbol.asyncDispose]()
process.stdin.destroy()
