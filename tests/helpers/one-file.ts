// One open file for a test of its domain functions: a fresh migrated copy, with time and ids that the test decides.
import { type OpenFile, openFile } from '../../src/database/clients.ts'
import type { Domain } from '../../src/database/domains.ts'
import { withDatabases } from './databases.ts'

export interface OneFile<D extends Domain> {
  readonly file: OpenFile<D>
  readonly sources: TestSources
}

export interface TestSources {
  now: () => Date
  /** `id1`, `id2`, … */
  readonly newId: () => string
  /** Deterministic, never the same twice. */
  readonly randomBytes: (size: number) => Buffer
  /** Sets the time that `now` gives. */
  setNow(time: Date): void
}

export const START = new Date('2026-06-01T12:00:00.000Z')

export function testSources(start = START): TestSources {
  let [time, ids, blocks] = [start, 0, 0]
  return {
    now: () => time,
    newId: () => `id${++ids}`,
    randomBytes(size) {
      blocks += 1
      return Buffer.from(
        Array.from({ length: size }, (_, at) => (blocks * 151 + at * 67 + ((blocks >> (at % 24)) & 255)) & 255),
      )
    },
    setNow(next) {
      time = next
    },
  }
}

export const withFile = <D extends Domain, T>(domain: D, work: (one: OneFile<D>) => Promise<T>): Promise<T> =>
  withDatabases(async ({ paths }) => {
    await using file = await openFile(domain, paths[domain], { busyTimeoutMs: 1_000, cacheMb: 8 })
    return await work({ file, sources: testSources() })
  })
