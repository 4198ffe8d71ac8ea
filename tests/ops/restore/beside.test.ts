// What lies beside a file, and whose it is: logs, journals, owners, and the names of what is kept.
import { chmodSync, chownSync, copyFileSync, existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import Database from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import { readConfig } from '../../../src/config.ts'
import { openReader, openWriter } from '../../../src/database/connections.ts'
import { findStartProblems } from '../../../src/ops/start-checks.ts'
import { findings, payment, plant, shortly } from '../check/planting.ts'
import { type RestoreWorld, withRestoreWorld } from './world.ts'

const people = Array.from({ length: 500 }, (_, at) => payment(`p${at}`, 'ann'))
const count = (world: RestoreWorld) => world.rows('billing', 'select id from "ProcessedPayment"').length

/** A rollback journal of the file in which all payments change, as a process leaves it that is killed before its commit. */
function leaveJournal(live: string): void {
  const copy = `${live}.copy`
  copyFileSync(live, copy)
  const writer = new Database(copy)
  writer.pragma('journal_mode = DELETE')
  writer.pragma('cache_size = 2')
  writer.exec(`begin; update "ProcessedPayment" set type = 'other' || id`)
  copyFileSync(`${copy}-journal`, `${live}-journal`)
  writer.close()
  rmSync(copy)
}

const withJournal = (work: (world: RestoreWorld, id: string) => Promise<void>) =>
  withRestoreWorld(async (world) => {
    plant(world.databases, 'billing', ...people)
    const { id } = await world.backup('billing')
    leaveJournal(world.databases.paths.billing)
    await work(world, id)
  })

describe('a rollback journal', () => {
  it('that is left where the file is gone is kept, and not played into the restored one', () =>
    withJournal(async (world, id) => {
      const live = world.databases.paths.billing
      rmSync(live)
      const bytes = readFileSync(`${live}-journal`)
      const { kept } = await world.restore('billing', { from: id })
      expect(existsSync(`${live}-journal`)).toBe(false)
      expect(readFileSync(`${kept}-journal`).equals(bytes)).toBe(true)
      expect(count(world)).toBe(500)
      const writer = openWriter('billing', live)
      expect(writer.pragma('integrity_check', { simple: true })).toBe('ok')
      writer.close()
    }))

  it('beside a file in WAL mode is named by start and check, and nobody opens the file', () =>
    withJournal(async ({ databases }) => {
      const { paths, dir } = databases
      const bytes = readFileSync(paths.billing)
      expect(() => openWriter('billing', paths.billing)).toThrow(/journal lies beside billing\.db.*billing\.db-journal/)
      expect(() => openReader('billing', paths.billing)).toThrow(/journal lies beside/)
      expect(shortly(await findings(databases, { only: [], domains: ['billing'] }))).toEqual(['error billing open'])
      const problems = await findStartProblems(readConfig({ GOGGA_DATA_DIR: dir, PORT: '0' }, dir), [])
      expect(problems.map(({ message }) => message).join()).toContain('A rollback journal lies beside billing.db')
      expect(readFileSync(paths.billing).equals(bytes)).toBe(true)
    }))
})

it('two restores within a second keep two old files', () =>
  withRestoreWorld(async (world) => {
    const { id } = await world.backup('billing')
    plant(world.databases, 'billing', payment('p1', 'ann'))
    const first = await world.restore('billing', { from: id })
    const second = await world.restore('billing', { from: id })
    expect(second.kept).not.toBe(first.kept)
    const rows = [first, second].map(({ kept }) => {
      const reader = new Database(kept ?? '', { readonly: true })
      const found = reader.prepare('select count(*) from "ProcessedPayment"').pluck().get()
      reader.close()
      return found
    })
    expect(rows).toEqual([1, 0])
  }))

const isRoot = process.getuid?.() === 0
const [UID, GID] = isRoot ? [61_001, 61_002] : [statSync('.').uid, statSync('.').gid]

describe('the restored file is for whoever the old one was for', () => {
  const rights = (path: string) => {
    const { uid, gid, mode } = statSync(path)
    return [uid, gid, (mode & 0o777).toString(8)]
  }
  const give = (path: string, mode: number) => {
    if (isRoot) chownSync(path, UID, GID)
    chmodSync(path, mode)
  }

  it.each([
    ['of the old file', false, 0o640, 0o700, '640'],
    ['of the old file, which had rights for everybody', false, 0o666, 0o755, '640'],
    ['of the old file alone', false, 0o600, 0o750, '600'],
    ['of the folder where it is gone', true, 0o600, 0o750, '640'],
    ['of the folder of one user', true, 0o640, 0o700, '600'],
  ])('with the owner, the group and the rights %s', (_name, isGone, fileMode, folderMode, expected) =>
    withRestoreWorld(async (world) => {
      const live = world.databases.paths.billing
      const { id } = await world.backup('billing')
      give(live, fileMode)
      give(dirname(live), folderMode)
      if (isGone) for (const name of readdirSync(dirname(live))) rmSync(`${dirname(live)}/${name}`)
      await world.restore('billing', { from: id })
      const writer = openWriter('billing', live)
      writer.exec(payment('p1', 'ann'))
      const gid = isRoot ? GID : statSync(dirname(live)).gid
      for (const ending of ['', '-wal', '-shm'])
        expect(rights(`${live}${ending}`), ending).toEqual([UID, gid, expected])
      writer.close()
    }),
  )
})
