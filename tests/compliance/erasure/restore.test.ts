// Erased, then each file restored from a backup that still holds the person: nothing of them comes back.
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { DOMAINS, type Domain } from '../../../src/database/domains.ts'
import { correctSubject } from '../../../src/saga/correct-subject.ts'
import { type RestoreWorld, SECOND, withRestoreWorld } from '../../ops/restore/world.ts'
import { asked } from '../../saga/people.ts'
import { addEmailCode, emailOf, erase, ipOf, live } from './world.ts'

const holds = ({ databases }: RestoreWorld, domain: Domain, text: string): boolean =>
  readFileSync(databases.paths[domain]).toString('latin1').toLowerCase().includes(text)

const count = (world: RestoreWorld, domain: Domain, table: string, where: string): number =>
  world.rows<{ n: number }>(domain, `select count(*) as n from "${table}" where ${where}`)[0]?.n ?? -1

/** Two people, backups of all files, and then one of them erased. */
const afterErasure = (work: (world: RestoreWorld, backups: Readonly<Record<Domain, string>>) => Promise<void>) =>
  withRestoreWorld(async (world) => {
    await world.run(async (context) => {
      await live(context, 'ann')
      await live(context, 'bob')
      await addEmailCode(context, emailOf('ann'))
    })
    const [identity, billing, admin] = [
      (await world.backup('identity')).id,
      (await world.backup('billing')).id,
      (await world.backup('admin')).id,
    ]
    expect(holds(world, 'identity', emailOf('ann'))).toBe(true)
    world.pass(10 * SECOND)
    await world.run((context) => erase(context, 'ann'))
    world.pass(10 * SECOND)
    await work(world, { identity, billing, admin })
  })

describe('a restore of a backup that holds an erased person', () => {
  test.each(DOMAINS)('of %s finds nothing of them, and everybody else', (domain) =>
    afterErasure(async (world, backups) => {
      const report = await world.restore(domain, { from: backups[domain] })
      expect(report.erasures).toMatchObject({ tombstones: 1, rows: expect.any(Number) })
      expect(report.erasures.rows).toBeGreaterThan(0)
      for (const value of [emailOf('ann'), '082 555 1234']) expect(holds(world, domain, value)).toBe(false)
      expect(holds(world, 'identity', emailOf('bob'))).toBe(true)
      expect(holds(world, 'identity', ipOf('bob'))).toBe(true)
      expect(count(world, 'billing', 'Subscription', `userId = 'ann'`)).toBe(0)
      expect(count(world, 'billing', 'RecurringSchedule', `userId = 'ann'`)).toBe(0)
      expect(count(world, 'billing', 'Subscription', `userId = 'bob'`)).toBe(1)
      expect(count(world, 'admin', 'Voucher', `userId = 'ann'`)).toBe(0)
      expect(count(world, 'identity', 'Erasure', `subjectId = 'ann' and receipt like '%gogga-erasure/1%'`)).toBe(1)
      for (const each of DOMAINS) expect(count(world, each, 'Tombstone', `subjectId = 'ann'`)).toBe(1)
    }),
  )

  test('of all three, one after the other, the same', () =>
    afterErasure(async (world, backups) => {
      for (const domain of DOMAINS) await world.restore(domain, { from: backups[domain] })
      world.pass(10 * SECOND)
      await world.run(async () => undefined)
      for (const domain of DOMAINS) expect(holds(world, domain, emailOf('ann'))).toBe(false)
      expect(count(world, 'identity', 'User', `id = 'bob'`)).toBe(1)
      expect(count(world, 'identity', 'AuthLog', 'email is null')).toBe(4)
      expect(count(world, 'identity', 'DetachedValue', `value like '%bob%'`)).toBe(1)
    }))

  test('also by the address that they had then', () =>
    withRestoreWorld(async (world) => {
      await world.run((context) => live(context, 'ann'))
      const { id } = await world.backup('identity')
      world.pass(10 * SECOND)
      await world.run(async (context) => {
        await correctSubject(
          context.sagas,
          { subjectId: 'ann', email: 'anne@mail.example' },
          asked('POST /v1/corrections'),
        )
        await erase(context, 'ann')
      })
      await world.restore('identity', { from: id })
      for (const email of [emailOf('ann'), 'anne@mail.example']) expect(holds(world, 'identity', email)).toBe(false)
    }))
})
