import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compareValues } from '../../src/join/compare.ts'
import { createJoin } from '../../src/join/join.ts'
import type { Join, JoinOptions, NamedPageQuery, NamedRow } from '../../src/join/types.ts'
import { expectedRows } from './model.ts'
import { queries, withConnections, worlds, write } from './worlds.ts'

const WAYS: readonly JoinOptions[] = [
  {},
  { strategy: 'scan', batch: 1 },
  { strategy: 'keys', batch: 2 },
  { strategy: 'sort', batch: 1 },
  { batch: 1 },
]

test('every filter, sort, expand and limit gives the rows of the model, whichever way drives', async () => {
  await withConnections(({ readers, writers }) => {
    // Kept for all runs, so that plans and what they remember meet other values and other rows.
    const joins = WAYS.map((way) => createJoin(readers, way))
    fc.assert(
      fc.property(worlds, fc.array(queries, { minLength: 1, maxLength: 8 }), (world, asked) => {
        const held = write(writers, world)
        for (const query of asked) {
          const { rows, orphansOf } = expectedRows(held, query)
          for (const [index, join] of joins.entries()) {
            const pages = allPages(join, query)
            expect(
              pages.flatMap(({ data }) => data),
              JSON.stringify(WAYS[index]),
            ).toEqual(rows)
            for (const { data, meta } of pages) expect(meta.orphans).toBe(orphansOf(data))
            for (const { data } of pages.slice(0, -1)) expect(data.length).toBe(query.limit)
          }
        }
      }),
      { numRuns: 150, seed: 20_261_122 },
    )
  })
})

function allPages(join: Join, query: NamedPageQuery) {
  const pages: { data: NamedRow[]; meta: { orphans: number } }[] = []
  let after: string | null | undefined
  do {
    const page = join.pageByName(after ? { ...query, after } : query)
    pages.push(page)
    after = page.page.next
  } while (after !== null && pages.length < 100)
  return pages
}

test('values in the order of SQLite', () => {
  const text = fc.string({
    unit: fc.constantFrom('a', 'b', '\ud7ff', '\ue000', '\uffee', '\u{10000}', '\u{10ffff}'),
    maxLength: 3,
  })
  fc.assert(
    fc.property(text, text, (a, b) => {
      expect(Math.sign(compareValues(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)))
    }),
    { seed: 7 },
  )
  expect(['a', 2, null, 1].toSorted(compareValues)).toEqual([null, 1, 2, 'a'])
})
