// A restore that is killed at any step leaves the old file or the new one, and whoever starts next ends it.
import { execFile } from 'node:child_process'
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Domain } from '../../../src/database/domains.ts'
import { ConflictError } from '../../../src/errors.ts'
import { recoverRestores } from '../../../src/ops/restore/swap.ts'
import { openWork } from '../../../src/ops/restore/work.ts'
import { addPeople, addVouchers } from '../../saga/people.ts'
import { contentsOf } from '../backup/world.ts'
import { payment, plant } from '../check/planting.ts'
import { type RestoreWorld, redeem, SECOND, withRestoreWorld } from './world.ts'

const CHILD = join(import.meta.dirname, 'children/restore.ts')

const killedAt = (world: RestoreWorld, id: string, place: string): Promise<string | null> =>
  new Promise((resolve) => {
    const args = [CHILD, world.databases.dir, id, place, world.clock.now.toISOString()]
    const child = execFile(process.execPath, args, (_error, _out, said) => {
      expect(said).toBe('')
      resolve(child.signalCode)
    })
  })

const recover = ({ databases, clock }: RestoreWorld): readonly Domain[] => recoverRestores(databases.paths, clock.now)

/** A voucher was redeemed and a payment came after the backup. */
const withPast = (work: (world: RestoreWorld, id: string) => Promise<void>) =>
  withRestoreWorld(async (world) => {
    await world.run(async (context) => {
      await addPeople(context, 'ann')
      await addVouchers(context, 'R200', 'v1')
    })
    const { id } = await world.backup('billing')
    world.pass(10 * SECOND)
    await world.run((context) => redeem(context, 'v1', 'ann'))
    plant(world.databases, 'billing', payment('p1', 'ann'))
    await work(world, id)
  })

const payments = (world: RestoreWorld) => world.rows('billing', 'select id from "ProcessedPayment"').length
const packs = (world: RestoreWorld) => world.rows('billing', 'select id from "CreditPurchase"').length
const leftIn = (folder: string) => readdirSync(folder).filter((name) => name.startsWith('.gogga'))

describe('a restore that is killed', () => {
  it.each(['checked', 'prepared'])('at "%s" has changed nothing', (place) =>
    withPast(async (world, id) => {
      const live = world.databases.paths.billing
      const before = contentsOf(live)
      expect(await killedAt(world, id, place)).toBe('SIGKILL')
      expect(contentsOf(live)).toEqual(before)
      expect(recover(world)).toEqual([])
      expect(leftIn(dirname(live))).toEqual([])
      expect(contentsOf(live)).toEqual(before)
    }),
  )

  it.each(['journal', 'linked', 'logs-moved', 'swapped', 'sent'])(
    'at "%s" comes to its end at the next start',
    (place) =>
      withPast(async (world, id) => {
        const live = world.databases.paths.billing
        expect(await killedAt(world, id, place)).toBe('SIGKILL')
        // Old or new, and whole, at this very moment.
        expect(payments(world)).toBe(['swapped', 'sent'].includes(place) ? 0 : 1)
        expect(recover(world)).toEqual(['billing'])
        expect(payments(world)).toBe(0)
        expect(recover(world)).toEqual([])
        expect(leftIn(dirname(live))).toEqual([])
        const [kept = ''] = readdirSync(dirname(live)).filter((name) => /before-restore-\w+$/.test(name))
        expect(JSON.stringify(contentsOf(join(dirname(live), kept)))).toContain('pf-p1')
        world.pass(10 * SECOND)
        await world.run(async () => undefined)
        expect(packs(world)).toBe(1) // The grant was sent again, once.
      }),
  )

  it('is ended by the next restore as well', () =>
    withPast(async (world, id) => {
      await killedAt(world, id, 'journal')
      await expect(world.restore('billing', { from: id }, { dryRun: true })).rejects.toThrow('is not over')
      world.pass(SECOND)
      expect((await world.restore('billing', { from: id })).losses).toEqual([])
      expect(payments(world)).toBe(0)
    }))

  it('is ended where the live file was missing', () =>
    withPast(async (world, id) => {
      rmSync(world.databases.paths.billing)
      await killedAt(world, id, 'logs-moved')
      expect(existsSync(world.databases.paths.billing)).toBe(false)
      expect(recover(world)).toEqual(['billing'])
      expect(payments(world)).toBe(0)
    }))
})

it('nothing starts while a restore is at work', () =>
  withRestoreWorld(async (world) => {
    using _work = openWork('billing', world.databases.paths)
    expect(() => recover(world)).toThrow(ConflictError)
    expect(() => recover(world)).toThrow('Another process is restoring billing.db')
  }))
