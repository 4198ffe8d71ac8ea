// Who was erased is gone from the restored file as it lies on the disk, also from where no row is.
import { randomUUID } from 'node:crypto'
import { mkdtempSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { expect, it } from 'vitest'
import { makeSuccessor } from '../../../src/ops/restore/successor.ts'
import { withDatabases } from '../../helpers/databases.ts'
import { NOW, plant, T, tombstone } from '../check/planting.ts'

const PEOPLE = 3_000
const addressOf = (nth: number): string => `somebody-${String((nth * 7_919) % PEOPLE).padStart(5, '0')}@mail.example`

it('and from an archive whose copy of the file held its rows twice', () =>
  withDatabases(async ({ dir, paths }) => {
    const people = Array.from({ length: PEOPLE }, (_, nth) => `('u${nth}', '${addressOf(nth)}', '${T}', '${T}')`)
    plant({ dir, paths }, 'identity', `insert into "User" (id, email, createdAt, updatedAt) values ${people.join()}`)
    const copy = join(mkdtempSync(join(dir, 'copy-')), 'identity.db')
    const source = new Database(paths.identity)
    source.prepare('vacuum into ?').run(copy) // Without secure_delete, as archives were made once.
    source.close()
    const erased = Array.from({ length: PEOPLE / 2 }, (_, nth) => nth * 2)
    plant({ dir, paths }, 'billing', ...erased.map((nth) => tombstone(`u${nth}`)))
    const manifest = { id: 'identity-1', takenAt: NOW.toISOString(), rows: {} } as Parameters<typeof makeSuccessor>[1]
    const sources = { now: () => NOW, newId: randomUUID }
    const { erasures } = await makeSuccessor({ policy: { domain: 'identity' }, paths, sources }, manifest, copy)
    expect(erasures.tombstones).toBe(erased.length)
    const bytes = readFileSync(copy).toString('latin1')
    expect(erased.map(addressOf).filter((address) => bytes.includes(address))).toEqual([])
    expect(bytes).toContain(addressOf(1))
  }))
