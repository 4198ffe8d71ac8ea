// Links whose row is not there, one of each kind, and a comparison with the plain way of finding them.
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { allModels } from '../../../src/database/catalog.ts'
import { openReader } from '../../../src/database/connections.ts'
import { DOMAINS } from '../../../src/database/domains.ts'
import { compareValues } from '../../../src/join/compare.ts'
import { type Key, missingKeys } from '../../../src/ops/check/keys.ts'
import { withDatabases } from '../../helpers/databases.ts'
import * as planting from './planting.ts'
import { findings, plant, shortly } from './planting.ts'

const CHILD = join(import.meta.dirname, 'children/count-links.ts')
const run = promisify(execFile)

it('tells apart what is kept on purpose, what can be repaired, and money', () =>
  withDatabases(async (databases) => {
    plant(databases, 'identity', planting.user('u1'), planting.session('s1', 'gone'), planting.session('s2', 'u1'))
    plant(
      databases,
      'billing',
      planting.subscription('sub1', 'u1'),
      planting.subscription('sub2', 'gone'),
      planting.payment('p1', 'gone'),
      planting.payment('p2', 'gone'),
      planting.payment('p3', 'other'),
      planting.schedule('r1', 'gone'),
    )
    plant(databases, 'admin', planting.voucher('v1', { userId: 'gone' }), planting.voucher('v2', { userId: 'u1' }))
    const found = await findings(databases, { only: ['links'] })
    expect(shortly(found)).toEqual([
      'warning identity.Session.userId links 1',
      'warning billing.Subscription.userId links 1',
      'notice billing.ProcessedPayment.userId links 3',
      'warning billing.RecurringSchedule.userId links 1',
      'warning admin.Voucher.userId links 1',
    ])
    const nexts = found.map(({ next }) => next.split(':')[0])
    expect(nexts[1]).toMatch(/--repair/)
    expect(nexts[2]).toBe('Nothing')
    expect(nexts[3]).toMatch(/by hand/)
    expect(JSON.stringify(found)).not.toMatch(/gone"|other/)
  }))

it('knows a subject by user, contact, word or tombstone', () =>
  withDatabases(async (databases) => {
    plant(
      databases,
      'identity',
      planting.user('u1'),
      `insert into "Contact" values ('c1', 'c@mail.example', 'c@mail.example', '${planting.T}')`,
    )
    for (const domain of DOMAINS) plant(databases, domain, planting.tombstone('t1'))
    const creators = ['u1', 'c1', 't1', 'system', 'pay-fast', 'cm123', 'other1']
    plant(databases, 'admin', ...creators.map((createdBy, nth) => planting.voucher(`v${nth}`, { createdBy })))
    expect(shortly(await findings(databases, { only: ['links', 'tombstones'] }))).toEqual([
      'notice admin.Voucher.createdBy links 2',
    ])
  }))

it('leaves alone what a contact has paid for before ever signing in', () =>
  withDatabases(async (databases) => {
    plant(databases, 'identity', `insert into "Contact" values ('c1', 'c@m.example', 'c@m.example', '${planting.T}')`)
    plant(databases, 'billing', planting.subscription('sub1', 'c1'), planting.payment('p1', 'c1'))
    expect(await findings(databases, { only: ['links'] })).toEqual([])
  }))

it('takes a tombstone for no excuse where the row should have gone', () =>
  withDatabases(async (databases) => {
    for (const domain of DOMAINS) plant(databases, domain, planting.tombstone('t1'))
    plant(databases, 'billing', planting.subscription('sub1', 't1'), planting.payment('p1', 't1'))
    expect(shortly(await findings(databases, { only: ['links'] }))).toEqual([
      'warning billing.Subscription.userId links 1',
    ])
  }))

const NUMBERS = fc.integer({ min: -20, max: 20 })
const TEXTS = fc.oneof(
  fc.string({ maxLength: 3 }),
  fc.constantFrom('\u{1F600}', '\uFFFD', '\uE000', 'é', '', 'a\u0000b'),
)

it('finds what a set would find, for numbers and texts of any kind', () => {
  const keys = fc.array(fc.oneof(NUMBERS, TEXTS), { maxLength: 30 })
  fc.assert(
    fc.property(keys, keys, keys, (from, one, other) => {
      const missing = [...missingKeys(sorted(from), [sorted(one), sorted(other)])].flatMap((found) => found?.key ?? [])
      const expected = new Set(from).difference(new Set(one)).difference(new Set(other))
      expect(new Set(missing)).toEqual(expected)
    }),
    { seed: 4, numRuns: 500 },
  )
})

function sorted(keys: readonly Key[]): Iterator<[Key]> {
  return [...new Set(keys)]
    .sort(compareValues)
    .map((key): [Key] => [key])
    [Symbol.iterator]()
}

describe('every link', () => {
  const links = allModels.flatMap((model) => model.links.map((link) => ({ model, column: link.column })))

  // AccessLog names keys, of which there are few; SQLite sorts it in a temporary file.
  it.each(links.filter(({ model }) => model.name !== 'AccessLog'))(
    'of $model.domain.$model.name.$column is read in order through an index that holds it',
    ({ model, column }) =>
      withDatabases(({ paths }) => {
        const reader = openReader(model.domain, paths[model.domain])
        const sql = `explain query plan select "${column}", count(*) from "${model.name}"
                     where "${column}" is not null group by "${column}" order by "${column}"`
        const plan = (reader.prepare(sql).all() as { detail: string }[]).map(({ detail }) => detail).join('; ')
        reader.close()
        expect(plan).toContain('COVERING INDEX')
        expect(plan).not.toContain('TEMP B-TREE')
      }),
  )

  it('that is repaired names a row on which no other repair depends, so that one pass is enough', () => {
    const repaired = allModels.flatMap((model) => model.links.filter(({ onErase }) => onErase !== 'keep'))
    const emptied = new Set(
      allModels
        .filter(({ links: own }) => own.some(({ onErase }) => onErase === 'delete'))
        .map(({ domain, name }) => `${domain}.${name}`),
    )
    expect(repaired.filter(({ to }) => emptied.has(`${to.domain}.${to.model}`))).toEqual([])
  })
})

it('compares 200,000 links in constant memory', { timeout: 60_000 }, () =>
  withDatabases(async ({ dir }) => {
    const measured = async (rows: number) =>
      JSON.parse((await run(process.execPath, [CHILD, dir, String(rows)])).stdout) as {
        orphans: number
        peakMb: number
      }
    const few = await measured(1_000)
    const many = await measured(200_000)
    expect([few.orphans, many.orphans]).toEqual([1, 200])
    expect(many.peakMb).toBeLessThan(200)
    expect(many.peakMb - few.peakMb).toBeLessThan(60)
  }),
)
