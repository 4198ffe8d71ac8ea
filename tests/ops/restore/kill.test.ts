// A restore that is killed at any step leaves the old file or the new one, and whoever starts next ends it.
import { execFile } from 'node:child_process'
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openWriter } from '../../../src/database/connections.ts'
import type { Domain } from '../../../src/database/domains.ts'
import { ConflictError, FileError } from '../../../src/errors.ts'
import type { Paths } from '../../../src/ops/restore/dangling.ts'
import { recoverRestores } from '../../../src/ops/restore/swap.ts'
import { clearPlan, openWork, workState } from '../../../src/ops/restore/work.ts'
import { withDatabases } from '../../helpers/databases.ts'
import { addPeople, addVouchers } from '../../saga/people.ts'
import { contentsOf } from '../backup/world.ts'
import { payment, plant } from '../check/planting.ts'
import { type RestoreWorld, redeem, SECOND, withRestoreWorld } from './world.ts'

const CHILD = join(import.meta.dirname, 'children/restore.ts')

const killedAt = (world: RestoreWorld, id: string, place: string, ...more: string[]): Promise<string | null> =>
  new Promise((resolve) => {
    const args = [CHILD, world.databases.dir, id, place, world.clock.now.toISOString(), ...more]
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
const OTHER = 61_001
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
        expect(existsSync(`${live}-journal`)).toBe(false)
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

const move = (paths: Paths, from: string, to: string): Paths => {
  const moved = (domain: Domain) => paths[domain].replace(from, to)
  return { identity: moved('identity'), billing: moved('billing'), admin: moved('admin') }
}

it('a restore that is killed comes to its end in a folder that was moved since', () =>
  withPast(async (world, id) => {
    await killedAt(world, id, 'journal')
    const { dir, paths } = world.databases
    const away = `${dir}-moved`
    renameSync(dir, away)
    try {
      const now = move(paths, dir, away)
      expect(recoverRestores(now, world.clock.now)).toEqual(['billing'])
      expect(readdirSync(dirname(now.billing)).filter((name) => /before-restore-\w+$/.test(name))).toHaveLength(1)
      expect(existsSync(dir)).toBe(false)
    } finally {
      renameSync(away, dir)
    }
    expect(payments(world)).toBe(0)
  }))

it('what the system refuses has a next step', () =>
  withPast(async (world, id) => {
    await killedAt(world, id, 'journal')
    const { billing } = world.databases.paths
    for (const ending of ['', '-wal', '-shm']) rmSync(`${billing}${ending}`, { force: true })
    mkdirSync(`${billing}-shm`)
    const failure = await Promise.resolve()
      .then(() => recover(world))
      .catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(FileError)
    expect((failure as FileError).hint).toContain('gogga migrate')
  }))

describe('a restore whose messages come from a file that is gone', () => {
  it('is over without them, and they are sent when it is there again', () =>
    withPast(async (world, id) => {
      const { admin } = world.databases.paths
      await killedAt(world, id, 'linked')
      renameSync(admin, `${admin}.away`)
      expect(recover(world)).toEqual(['billing'])
      expect(payments(world)).toBe(0)
      expect(workState('billing', world.databases.paths)).toBe('waiting')
      expect(recover(world)).toEqual([])
      renameSync(`${admin}.away`, admin)
      expect(recover(world)).toEqual([])
      expect(workState('billing', world.databases.paths)).toBe('none')
      world.pass(10 * SECOND)
      await world.run(async () => undefined)
      expect(packs(world)).toBe(1)
    }))

  it('lets that file be restored, and itself once more', () =>
    withPast(async (world, id) => {
      const admin = await world.backup('admin')
      await killedAt(world, id, 'linked')
      rmSync(world.databases.paths.admin)
      expect(recover(world)).toEqual(['billing'])
      expect(await world.restore('billing', { from: id })).toMatchObject({ closed: ['admin'], waiting: 1 })
      await world.restore('admin', { from: admin.id })
      recover(world)
      world.pass(10 * SECOND)
      await world.run(async () => undefined)
      expect(packs(world)).toBe(1)
    }))
})

describe('a dry run', () => {
  it("is in nobody's way while it is at work", () =>
    withPast(async (world, id) => {
      const started: unknown[] = []
      const reached = () =>
        void started.push(recover(world), openWriter('billing', world.databases.paths.billing).close())
      await world.restore('billing', { from: id }, { dryRun: true, reached })
      expect(started).toHaveLength(4)
      expect(payments(world)).toBe(1)
      expect(leftIn(dirname(world.databases.paths.billing))).toEqual([])
    }))

  it('that was killed leaves what the next start removes', () =>
    withPast(async (world, id) => {
      const folder = dirname(world.databases.paths.billing)
      expect(await killedAt(world, id, 'prepared', '--dry-run')).toBe('SIGKILL')
      expect(leftIn(folder)).toEqual(['.gogga-restore-plan-billing'])
      expect(recover(world)).toEqual([])
      expect(leftIn(folder)).toEqual([])
      expect(payments(world)).toBe(1)
    }))
})

it('what root left in a folder that only root may look into stops nobody', () =>
  withDatabases(({ dir, paths }) => {
    for (const name of ['.gogga-restore-plan-billing', '.gogga-restore-identity']) {
      const folder = join(dirname(paths[name.endsWith('identity') ? 'identity' : 'billing']), name)
      mkdirSync(folder)
      writeFileSync(join(folder, 'successor.db'), '')
      chmodSync(folder, 0)
    }
    if (process.getuid?.() === 0) chownSync(dir, OTHER, OTHER)
    const asOther = <T>(work: () => T): T => {
      if (process.getuid?.() !== 0) return work()
      process.seteuid?.(OTHER)
      try {
        return work()
      } finally {
        process.seteuid?.(0)
      }
    }
    chmodSync(dirname(paths.billing), 0o755)
    chmodSync(dirname(paths.identity), 0o755)
    expect(asOther(() => workState('identity', paths))).toBe('left')
    expect(asOther(() => clearPlan('billing', paths))).toBe(undefined)
    for (const domain of ['billing', 'identity'] as const)
      for (const name of leftIn(dirname(paths[domain]))) chmodSync(join(dirname(paths[domain]), name), 0o700)
  }))

it('nothing starts while a restore is at work', () =>
  withRestoreWorld(async (world) => {
    using _work = openWork('billing', world.databases.paths)
    expect(() => recover(world)).toThrow(ConflictError)
    expect(() => recover(world)).toThrow('Another process is restoring billing.db')
  }))
