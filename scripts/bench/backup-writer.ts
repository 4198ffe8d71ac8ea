// Changes of the application at an even pace beside a backup: node backup-writer.ts FILE RATE. Each changes a row of billing
// and is synced before it answers. Prints how long they took, in microseconds, several lines a second, until its input ends.
import { setTimeout as wait } from 'node:timers/promises'
import Database from 'better-sqlite3'
import { openFile } from '../../src/database/clients.ts'
import { timeText } from '../../src/database/row-codec.ts'

const [path = '', rate = '500'] = process.argv.slice(2)
const PAUSE_MS = 1_000 / Number(rate)
const REPORT_MS = 200
const CREDITS = 'update "Subscription" set credits = credits + 1, updatedAt = ? where userId = ?'

await using file = await openFile('billing', path, { busyTimeoutMs: 60_000, cacheMb: 32 })
const userIds = userIdsIn(path)
let isOver = false
process.stdin.on('end', () => {
  isOver = true
})
process.stdin.resume()

let times: number[] = []
let [due, reported] = [performance.now(), performance.now()]
for (let nth = 0; !isOver; nth++) {
  due += PAUSE_MS
  const isEarly = due > performance.now()
  if (isEarly) await wait(due - performance.now())
  // A change that comes late counts from when it was due, so that one that is held up counts for all behind it.
  const began = isEarly ? performance.now() : due
  await file.change((tx) => tx.run(CREDITS, timeText(new Date()), userIds[(nth * 7919) % userIds.length] ?? ''))
  times.push(Math.round((performance.now() - began) * 1_000))
  if (performance.now() - reported < REPORT_MS) continue
  process.stdout.write(`${JSON.stringify(times)}\n`)
  times = []
  reported = performance.now()
}

function userIdsIn(billing: string): readonly string[] {
  const reader = new Database(billing, { readonly: true })
  const ids = reader.prepare('select userId from "Subscription" order by userId limit 20000').pluck().all() as string[]
  reader.close()
  return ids
}
