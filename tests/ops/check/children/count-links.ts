// A process of its own: makes so many users and payments in new files under FOLDER, one payment in 1,000 of nobody, and then,
// as a process of its own again, counts the broken links. node count-links.ts FOLDER ROWS [count]
import { execFileSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { pathInFolder } from '../../../../src/config.ts'
import { openReader, openWriter } from '../../../../src/database/connections.ts'
import type { Domain } from '../../../../src/database/domains.ts'
import { migrate } from '../../../../src/database/migrations.ts'
import { countOrphans, linksOf } from '../../../../src/ops/check/links.ts'

const [dir = '', text = '', step = ''] = process.argv.slice(2)
const folder = join(dir, `links-${text}`)
const rows = Number(text)
const pathOf = (domain: Domain) => pathInFolder(folder, domain)

function fill(domain: 'identity' | 'billing', sql: string): void {
  migrate(domain, pathOf(domain))
  const writer = openWriter(domain, pathOf(domain))
  writer.pragma('synchronous = OFF')
  writer.exec(`begin; with recursive n(i) as (select 1 union all select i + 1 from n where i < ${rows}) ${sql}; commit`)
  writer.pragma('wal_checkpoint(TRUNCATE)')
  writer.close()
}

async function count(): Promise<void> {
  const readers = {
    identity: openReader('identity', pathOf('identity')),
    billing: openReader('billing', pathOf('billing')),
  }
  const end = linksOf('billing').find(({ model }) => model.name === 'ProcessedPayment')
  if (!end) throw new Error('The catalog has no link from ProcessedPayment')
  const began = performance.now()
  const orphans = await countOrphans(end, readers)
  const figures = {
    orphans: orphans.rows,
    ms: performance.now() - began,
    peakMb: process.resourceUsage().maxRSS / 1_024,
  }
  process.stdout.write(JSON.stringify(figures))
}

if (step === 'count') {
  await count()
} else {
  // Ids as cuids look: the same beginning, then anything.
  const id = (name: string) => `'cmb2x9k4d' || printf('%016x', i * 2654435761 % 4294967296) || ${name}`
  fill('identity', `insert into "User" (id, email, updatedAt) select ${id("''")}, i || '@mail.example', 0 from n`)
  fill(
    'billing',
    `insert into "ProcessedPayment" (id, pfPaymentId, type, amountCents, userId)
     select 'p' || i, 'pf' || i, 'subscription', 9900, ${id("iif(i % 1000 = 0, 'x', '')")} from n`,
  )
  process.stdout.write(execFileSync(process.execPath, [...process.argv.slice(1, 4), 'count']))
  rmSync(folder, { recursive: true })
}
