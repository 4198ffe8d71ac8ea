import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type AccessEntry, type AccessFilter, findAccesses } from '../../src/identity/access-history.ts'
import { type AccessRecord, accessRecorder } from '../../src/identity/access-log.ts'
import { summarizeAccesses } from '../../src/identity/access-summary.ts'
import { type IdentityFile, withIdentity } from './open.ts'

type Row = Pick<AccessRecord, 'apiKeyId' | 'purpose' | 'subjects' | 'createdAt'>

const START = Date.UTC(2026, 0, 30)
const HOUR = 3_600_000
const PEOPLE = ['u1', 'u2', 'u10', 'u"1', 'auth-logs:u1', 'ü1']

/** In this order; ids say which. */
async function addRows({ change, client }: IdentityFile, rows: readonly Row[]): Promise<void> {
  await client.apiKey.create({ data: { id: 'k1', name: 'shop', hash: 'x', scopes: 'admin' } })
  await change((tx) =>
    rows.forEach(({ subjects, ...row }, nth) => {
      const rest = { id: `a${nth}`, route: 'GET /v1/users', fields: 'users.email', requestId: `r${nth}` }
      tx.insert('AccessLog', { ...rest, ...row, subjects: JSON.stringify(subjects) })
    }),
  )
}

const rowOf = fc.record({
  apiKeyId: fc.constantFrom('k1', 'gone'),
  purpose: fc.constantFrom('support', 'fraud-prevention', null),
  subjects: fc.uniqueArray(fc.constantFrom(...PEOPLE)),
  // Few times, so that many rows share one.
  createdAt: fc.integer({ min: 0, max: 5 }).map((hours) => new Date(START + hours * 12 * HOUR)),
})
const timeOf = fc.integer({ min: -1, max: 6 }).map((hours) => new Date(START + hours * 12 * HOUR))
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 1 })
const filterOf: fc.Arbitrary<AccessFilter> = fc.record({
  subjectIds: optional(fc.uniqueArray(fc.constantFrom(...PEOPLE, 'u', '1'), { minLength: 1, maxLength: 2 })),
  from: optional(timeOf),
  to: optional(timeOf),
  apiKeyId: optional(fc.constantFrom('k1', 'gone', 'k')),
  purpose: optional(fc.constantFrom('support', 'none')),
})

function model(rows: readonly Row[], { subjectIds, from, to, apiKeyId, purpose }: AccessFilter): readonly string[] {
  return rows
    .map((row, nth) => ({ ...row, nth }))
    .filter((row) => subjectIds === undefined || row.subjects.some((id) => subjectIds.includes(id)))
    .filter((row) => (from === undefined || row.createdAt >= from) && (to === undefined || row.createdAt < to))
    .filter((row) => apiKeyId === undefined || row.apiKeyId === apiKeyId)
    .filter((row) => purpose === undefined || (row.purpose ?? 'none') === purpose)
    .sort((one, other) => other.createdAt.getTime() - one.createdAt.getTime() || other.nth - one.nth)
    .map(({ nth }) => `a${nth}`)
}

async function allPages(
  { reader }: IdentityFile,
  filter: AccessFilter,
  limit: number,
  portion: number,
): Promise<readonly AccessEntry[]> {
  const all: AccessEntry[] = []
  let after: string | undefined
  do {
    const { data, next } = await findAccesses(reader, filter, { limit, after, portion })
    expect(data.length).toBeLessThanOrEqual(limit)
    if (next !== null) expect(data).toHaveLength(limit)
    all.push(...data)
    after = next ?? undefined
  } while (after !== undefined)
  return all
}

test('every filter, page and portion gives exactly the rows of the model, newest first', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(rowOf, { maxLength: 25 }),
      fc.array(fc.tuple(filterOf, fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 9 })), { maxLength: 12 }),
      (rows, questions) =>
        withIdentity(async (file) => {
          await addRows(file, rows)
          for (const [filter, limit, portion] of questions) {
            const found = await allPages(file, filter, limit, portion)
            expect(found.map(({ id }) => id)).toEqual(model(rows, filter))
          }
        }),
    ),
    { numRuns: 25 },
  )
})

const at = (hours: number) => new Date(START + hours * HOUR)
const READING: Row = { apiKeyId: 'k1', purpose: 'support', subjects: ['u1'], createdAt: at(0) }

test('an entry says who, what, whose, when and why', async () => {
  await withIdentity(async (file) => {
    await addRows(file, [{ ...READING, subjects: ['u1', 'u2'] }])
    const sources = { now: () => at(1), newId: () => 'b1' }
    const fields = ['users.email', 'auth-logs.ip']
    const more = { apiKeyId: 'gone', route: 'GET /v1/auth-logs/:id', fields, subjects: [], requestId: 'r9' }
    const actorId = 'boss'
    await accessRecorder(file.change, sources)({ ...more, actorId, purpose: 'legal-obligation' })
    expect((await findAccesses(file.reader, {}, { limit: 10 })).data).toEqual([
      {
        ...{ ...more, id: 'b1', createdAt: '2026-01-30T01:00:00.000Z', apiKeyName: null, purpose: 'legal-obligation' },
        ...{ actorId, osUser: null },
      },
      {
        id: 'a0',
        createdAt: '2026-01-30T00:00:00.000Z',
        apiKeyId: 'k1',
        apiKeyName: 'shop',
        ...{ actorId: null, osUser: null },
        purpose: 'support',
        route: 'GET /v1/users',
        fields: ['users.email'],
        subjects: ['u1', 'u2'],
        requestId: 'r0',
      },
    ])
  })
})

test('a person is found by the whole id, whatever characters ids are made of', async () => {
  await withIdentity(async (file) => {
    const ids = ['u1', 'u10', 'x"u1', 'u1"', 'auth-logs:u1']
    await addRows(
      file,
      ids.map((id) => ({ ...READING, subjects: [id] })),
    )
    for (const subjectId of ids) {
      const { data } = await findAccesses(file.reader, { subjectIds: [subjectId] }, { limit: 10 })
      expect(data.map(({ subjects }) => subjects)).toEqual([[subjectId]])
    }
  })
})

test('the pages go on where they were when retention took rows meanwhile, and new ones came', async () => {
  await withIdentity(async (file) => {
    await addRows(
      file,
      [0, 1, 2, 3].map((hours) => ({ ...READING, createdAt: at(hours) })),
    )
    const first = await findAccesses(file.reader, {}, { limit: 2 })
    await file.change((tx) => {
      tx.run('delete from "AccessLog" where id in (?, ?)', 'a2', 'a0')
      const rest = { id: 'new', route: 'x', fields: '', requestId: 'r', subjects: '[]' }
      tx.insert('AccessLog', { ...READING, ...rest, createdAt: at(9) })
    })
    const second = await findAccesses(file.reader, {}, { limit: 2, after: first.next ?? '' })
    expect(second.data.map(({ id }) => id)).toEqual(['a1'])
    expect(second.next).toBeNull()
  })
})

test.each(['x', 'e30', Buffer.from('[1,2]').toString('base64url'), Buffer.from('["a"]').toString('base64url')])(
  'what is no cursor is refused: %s',
  async (after) => {
    await withIdentity(async ({ reader }) => {
      await expect(findAccesses(reader, {}, { limit: 1, after })).rejects.toMatchObject({ code: 'usage' })
    })
  },
)

test('a summary counts readings and different people by month, key and purpose', async () => {
  await withIdentity(async (file) => {
    await addRows(file, [
      { ...READING, subjects: ['u1', 'u2'] },
      { ...READING, subjects: ['u1'] },
      { ...READING, purpose: null, subjects: [] },
      { ...READING, apiKeyId: 'gone', createdAt: at(48) },
      { ...READING, createdAt: at(50), subjects: ['u3', 'u4', 'u5'] },
    ])
    const shop = { apiKeyId: 'k1', apiKeyName: 'shop' }
    const january = [
      { month: '2026-01', ...shop, purpose: null, readings: 1, people: 0, most: 0 },
      { month: '2026-01', ...shop, purpose: 'support', readings: 2, people: 2, most: 2 },
    ]
    const february = [
      { month: '2026-02', apiKeyId: 'gone', apiKeyName: null, purpose: 'support', readings: 1, people: 1, most: 1 },
      { month: '2026-02', ...shop, purpose: 'support', readings: 1, people: 3, most: 3 },
    ]
    expect(summarizeAccesses(file.reader, {})).toEqual([...january, ...february])
    expect(summarizeAccesses(file.reader, { to: at(48) })).toEqual(january)
    expect(summarizeAccesses(file.reader, { from: at(48) })).toEqual(february)
    expect(summarizeAccesses(file.reader, { from: at(60) })).toEqual([])
  })
})
