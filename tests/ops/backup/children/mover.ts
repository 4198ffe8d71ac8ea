// A process of its own that moves credits between the three files without a pause: node mover.ts DIR. Ends when its input
// ends. Every other move is by message, as the program's changes are; the others hold both files and change both at once.
import { setImmediate as turn } from 'node:timers/promises'
import { pathInFolder } from '../../../../src/config.ts'
import { type Connection, openWriter } from '../../../../src/database/connections.ts'
import { DOMAINS, type Domain } from '../../../../src/database/domains.ts'

const [dir = ''] = process.argv.slice(2)
const writers = Object.fromEntries(
  DOMAINS.map((domain) => [domain, openWriter(domain, pathInFolder(dir, domain))]),
) as {
  [D in Domain]: Connection
}
for (const writer of Object.values(writers)) writer.pragma('busy_timeout = 10000')
let isOver = false
process.stdin.on('end', () => {
  isOver = true
})
process.stdin.resume()

const add = (domain: Domain, credits: number) =>
  writers[domain].prepare('update "Purse" set credits = credits + ?').run(credits)

async function byMessage(from: Domain, to: Domain, id: string, credits: number) {
  const [source, target] = [writers[from], writers[to]]
  source
    .transaction(() => {
      add(from, -credits)
      source
        .prepare(
          `insert into "OutboxMessage" (id, type, target, payload, attempts, createdAt, nextAttemptAt)
         values (?, 'moved', ?, ?, 0, '2026-06-01T11:00:00.000+00:00', '2026-06-01T11:00:00.000+00:00')`,
        )
        .run(id, to, String(credits))
    })
    .immediate()
  await turn()
  target
    .transaction(() => {
      add(to, credits)
      target.prepare(`insert into "InboxMessage" (id, type) values (?, 'moved')`).run(id)
    })
    .immediate()
  await turn()
  source.prepare('delete from "OutboxMessage" where id = ?').run(id)
}

async function atOnce(from: Domain, to: Domain, credits: number) {
  for (const domain of [from, to]) writers[domain].exec('begin immediate')
  add(from, -credits)
  add(to, credits)
  for (const domain of [from, to]) writers[domain].exec('commit')
}

for (let nth = 0; !isOver; nth++) {
  const [from, to] = [DOMAINS[nth % 3] ?? 'billing', DOMAINS[(nth + 1 + (nth % 2)) % 3] ?? 'admin']
  const credits = 1 + ((nth * 7919) % 997)
  if (nth % 2) await byMessage(from, to, `m${nth}`, credits)
  else await atOnce(from, to, credits)
  if (nth === 20) process.stdout.write('ready\n')
  await turn()
}
for (const writer of Object.values(writers)) writer.close()
