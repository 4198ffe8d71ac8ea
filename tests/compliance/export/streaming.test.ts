// A person with 100,000 rows, through the command in a process that has little memory.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect, it } from 'vitest'
import { openWriter } from '../../../src/database/connections.ts'
import { type Exported, rowsIn, withPeople } from './world.ts'

const GOGGA = join(import.meta.dirname, '../../../scripts/gogga.ts')
const ROWS = 100_000

async function gogga(dir: string, args: readonly string[], input = '') {
  const env = { ...process.env, GOGGA_DATA_DIR: dir, NODE_OPTIONS: '--max-old-space-size=64' }
  const child = spawn(process.execPath, [GOGGA, ...args], { env })
  child.stdin.end(input)
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')])
  return { code: child.exitCode, out, err }
}

it(
  'exports 100,000 rows in 64 MiB, to files that only their owner reads',
  () =>
    withPeople(async ({ databases: { dir, paths } }) => {
      const writer = openWriter('billing', paths.billing)
      writer
        .prepare(
          `with recursive n(i) as (select 1 union all select i + 1 from n where i < ?)
         insert into "ProcessedPayment" (id, pfPaymentId, type, amountCents, userId, processedAt)
         select 'row' || i, 'pf-row' || i, 'subscription', 9900, 'thabo', '2026-01-01T00:00:00.000+00:00' from n`,
        )
        .run(ROWS)
      writer.close()
      const [json, html] = [join(dir, 'answer.json'), join(dir, 'answer.html')]
      const ended = await gogga(dir, ['subject', 'export', '-', '--out', json, '--html', html], ' THABO@mail.example\n')
      expect(ended).toEqual({ code: 0, out: '', err: `Page written to ${html}\nJSON written to ${json}\n` })
      const exported = JSON.parse(readFileSync(json, 'utf8')) as Exported
      expect(new Set(rowsIn(exported, 'billing', 'ProcessedPayment').map(({ id }) => id)).size).toBe(ROWS + 1)
      expect(readFileSync(html, 'utf8').match(/<td>pf-row/g)).toHaveLength(ROWS)
      expect([json, html].map((path) => statSync(path).mode & 0o777)).toEqual([0o600, 0o600])
      // The export itself is a reading, and stands in it.
      const readings = rowsIn(exported, 'identity', 'AccessLog').map(({ route, purpose }) => [route, purpose])
      expect(readings).toContainEqual(['gogga subject export', 'access-request'])
    }),
  120_000,
)

it(
  'writes JSON to the standard output, and refuses what names nobody',
  () =>
    withPeople(async ({ databases: { dir } }) => {
      const exported = await gogga(dir, ['subject', 'export', 'thabo'])
      expect(exported.code).toBe(0)
      expect(JSON.parse(exported.out)).toMatchObject({ format: 'gogga-access/1', subject: { ids: ['thabo'] } })
      const nobody = await gogga(dir, ['subject', 'export', '-'], 'secret@mail.example')
      expect(nobody).toMatchObject({ code: 1, out: '' })
      expect(nobody.err).toContain('No person has or had this address')
      expect(nobody.err).not.toContain('secret@')
      expect(await gogga(dir, ['subject', 'export', '-'], ' \n')).toMatchObject({ code: 2 })
      expect(await gogga(dir, ['subject', 'export', 'thabo', '--out', join(dir, 'missing', 'x.json')])).toMatchObject({
        code: 2,
        out: '',
      })
    }),
  60_000,
)
