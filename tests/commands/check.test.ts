import { chmodSync, existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { withDatabases } from '../helpers/databases.ts'
import * as planting from '../ops/check/planting.ts'
import { plant, rowsOf } from '../ops/check/planting.ts'
import { gogga } from './gogga-child.ts'

it('says that all is well, in words and as JSON', () =>
  withDatabases(async (databases) => {
    const fresh = await gogga(databases.dir, 'check')
    expect(fresh).toMatchObject({
      code: 0,
      out: expect.stringMatching(/There is no good backup[\s\S]*0 errors, 3 warnings/),
    })
    expect(await gogga(databases.dir, 'backup', '--all')).toMatchObject({ code: 0 })
    const fine = 'Nothing to tell about identity.db, billing.db, admin.db.\n0 errors, 0 warnings, 0 notices\n'
    expect(await gogga(databases.dir, 'check')).toMatchObject({ code: 0, out: fine })
    const { code, out } = await gogga(databases.dir, 'check', '--quick', '--json')
    const counts = { error: 0, warning: 0, notice: 0 }
    expect([code, JSON.parse(out)]).toEqual([
      0,
      { domains: ['identity', 'billing', 'admin'], quick: true, findings: [], counts },
    ])
  }))

it('prints the worst first with the next step, and exits with 1 for an error only', () =>
  withDatabases(async (databases) => {
    plant(databases, 'identity', planting.bystander)
    plant(databases, 'billing', planting.payment('p1', 'gone'), planting.subscription('sub1', 'gone'))
    const { code, out } = await gogga(databases.dir, 'check')
    expect(code).toBe(0)
    expect(out).toMatch(
      /^warning {2}billing\.db Subscription userId {2}links: 1 of its rows .*\n +Run "gogga check --repair/m,
    )
    expect(out).toMatch(/\nnotice {3}billing\.db ProcessedPayment userId .*\n.*\n0 errors, 4 warnings, 1 notice\n$/)
    expect(out).not.toContain('gone')
    chmodSync(databases.paths.identity, 0o644)
    const again = await gogga(databases.dir, 'check', '--json')
    expect(again.code).toBe(1)
    const severities = JSON.parse(again.out).findings.map(({ severity }: { severity: string }) => severity)
    // The log has the mode of its file.
    expect(severities).toEqual(['error', 'error', 'warning', 'warning', 'warning', 'warning', 'notice'])
    expect(JSON.parse(again.out).findings[0]).toMatchObject({
      check: 'modes',
      severity: 'error',
      place: { file: 'identity' },
    })
    expect(await gogga(databases.dir, 'check', '--domain', 'billing')).toMatchObject({ code: 0 })
  }))

it('repairs, says how to take it back, and takes it back', () =>
  withDatabases(async (databases) => {
    plant(databases, 'identity', planting.bystander)
    plant(databases, 'billing', planting.schedule('r1', 'gone'), planting.subscription('sub1', 'gone'))
    const planned = await gogga(databases.dir, 'check', '--repair', '--dry-run')
    expect(planned).toMatchObject({ code: 0, out: expect.stringContaining('1 row(s) would be removed') })
    expect(readdirSync(databases.dir)).not.toContain('undo')
    const { code, out } = await gogga(databases.dir, 'check', '--repair')
    expect(code).toBe(0)
    expect(out).toMatch(/^billing\.Subscription\.userId: 1 row\(s\) were removed$/m)
    expect(out).toMatch(/^billing\.RecurringSchedule\.userId: 1 row\(s\) left: rows about money/m)
    expect(rowsOf(databases, 'billing', 'select id from "Subscription"')).toEqual([])
    const [name = ''] = readdirSync(join(databases.dir, 'undo'))
    const undo = join(databases.dir, 'undo', name)
    expect(out).toContain(`npx gogga check --undo ${undo}\n`)
    const back = await gogga(databases.dir, 'check', '--undo', undo, '--json')
    expect([back.code, JSON.parse(back.out)]).toEqual([0, { restored: 1, left: 0 }])
    expect(rowsOf(databases, 'billing', 'select id from "Subscription"')).toEqual([{ id: 'sub1' }])

    expect((await gogga(databases.dir, 'check', '--quick')).out).toContain(
      'undo files: 1 undo file(s) of repairs lie in',
    )
    const dry = await gogga(databases.dir, 'check', '--forget-undo', '--dry-run')
    expect(dry).toMatchObject({ code: 0, out: `would remove ${undo}\n` })
    expect(existsSync(undo)).toBe(true)
    const gone = await gogga(databases.dir, 'check', '--forget-undo', '--json')
    expect([gone.code, JSON.parse(gone.out)]).toEqual([0, { removed: [undo], dryRun: false }])
    expect(existsSync(undo)).toBe(false)
  }))

it.each([
  ['an unknown file', ['--domain', 'users'], /--domain expects one of identity, billing, admin, got "users"/],
  ['a dry run of nothing', ['--dry-run'], /--dry-run goes with --repair and --forget-undo only/],
  ['both ways at once', ['--repair', '--undo', 'x'], /Only one of --repair, --undo and --forget-undo/],
  ['to repair and forget', ['--repair', '--forget-undo'], /Only one of --repair, --undo and --forget-undo/],
  ['a quick repair', ['--repair', '--quick'], /--quick is for checking/],
  ['an undo file that is none', ['--undo', 'nothing.jsonl'], /nothing\.jsonl is no undo file/],
])('refuses %s, exit code 2', (_name, args, says) =>
  withDatabases(async ({ dir }) => {
    const { code, out, err } = await gogga(dir, 'check', ...args)
    expect([code, out]).toEqual([2, ''])
    expect(err).toMatch(says)
  }),
)

it('refuses to repair where a file is missing', () =>
  withDatabases(async ({ dir, paths }) => {
    rmSync(paths.billing)
    expect(await gogga(dir, 'check', '--repair')).toMatchObject({
      code: 1,
      err: expect.stringContaining('billing.db is missing'),
    })
  }))
