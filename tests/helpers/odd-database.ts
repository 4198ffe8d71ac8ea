// Odd databases in the unified layout, for the property test: hand-made tables, every storage class in every column,
// text that is no valid text, people in every spelling.
import Database from 'better-sqlite3'
import fc from 'fast-check'
import { LEGACY_TABLES, placesOf } from '../../src/transfer/layout.ts'

export interface RawValue {
  /** Bytes to be stored as text, valid or not. */
  readonly bytes: Buffer
}
export type Value = null | bigint | number | string | Buffer | RawValue

export interface OddTable {
  readonly name: string
  /** Names and declared types, in this order. */
  readonly columns: readonly { readonly name: string; readonly declared: string }[]
  readonly withoutRowid: boolean
  readonly rows: readonly (readonly Value[])[]
}

export interface OddDatabase {
  readonly encoding: 'UTF-8' | 'UTF-16le' | 'UTF-16be'
  readonly tables: readonly OddTable[]
}

const EMAILS = [
  'jo@mail.example',
  'JO@mail.example',
  'Jo@Mail.example',
  'thabo.n@gogga.co.za',
  'ünïcode@päge.example',
  'nobody@else.example',
  'NOBODY@else.example',
]
const IDS = ['u0', 'u1', 'u2', 'u3', 'U1', 'admin', 'v0', 's0']
const WORDS = [
  'system',
  'payfast',
  'unknown',
  '',
  ' ',
  '-',
  'FREE',
  'Sipho Dlamini',
  '+27 82 123 4567',
  '0821234567',
  '8001015009087',
  '196.25.1.200',
  '2001:db8::1',
  '4111111111111111',
]
const TIMES: Value[] = [
  1_700_000_000_000n,
  0n,
  -1n,
  '2024-02-29 23:59:59',
  '2024-02-30 00:00:00',
  '2024-05-06T07:08:09Z',
  '2024-05-06T07:08:09.123456Z',
  '2024-05-06',
  '2024-05-06T07:08:09.5+02:00',
  '2024-05-06T07:08:09.120+00:00',
  'yesterday',
  '',
  '1700000000000',
  1.5,
  1_700_000_000_000.0,
  9_223_372_036_854_775_807n,
  '2024-05-06 07:08',
]
const TEXTS = [
  '{"email":"jo@mail.example","n":8001015009087}',
  '{"e":"jo\\u0040mail.example"}',
  '{"p":"{\\"to\\":\\"Jo@Mail.example\\",\\"ip\\":\\"10.1.2.3\\"}"}',
  '{"cut":"thabo.n@gogga.co.za',
  'call 082 123 4567 or jo@mail.example',
  'pii:0123456789abcdefghijklmn',
  '"pii:0123456789abcdefghijklmn"',
  'nul\u0000jo@mail.example\u0000',
  '漢字😀 jo@mail.example 😀',
  '[27821234567]',
  '12',
  '1e3',
  '0x10',
  ' 7 ',
  '9223372036854775808',
  '-0',
  '\ufeffbom',
  '\ufffd',
  'e\u0301',
  '%6Ao%40mail.example',
]

const odd: fc.Arbitrary<Value> = fc.oneof(
  fc.constant(null),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.double({ noNaN: true }),
  fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes)),
  fc
    .uint8Array({ minLength: 1, maxLength: 8 })
    .map((bytes): Value => ({ bytes: Buffer.from(bytes.length % 2 ? [...bytes, 0xff] : bytes) })),
  fc.string({ unit: 'binary', maxLength: 12 }).map((text) => text.toWellFormed()),
  fc.constantFrom<Value>(Buffer.from('jo@mail.example'), -0, 1e300, Number.POSITIVE_INFINITY),
)

const text = fc.constantFrom(...EMAILS, ...IDS, ...WORDS, ...TEXTS)

function cellOf(type: string): fc.Arbitrary<Value> {
  if (type === 'time')
    return fc.oneof({ weight: 6, arbitrary: fc.constantFrom(...TIMES) }, { weight: 1, arbitrary: fc.oneof(odd, text) })
  if (type === 'text')
    return fc.oneof(
      { weight: 5, arbitrary: text },
      { weight: 1, arbitrary: odd },
      { weight: 1, arbitrary: fc.constant(null) },
    )
  return fc.oneof(
    { weight: 4, arbitrary: fc.bigInt({ min: 0n, max: 2n ** 62n }) },
    { weight: 1, arbitrary: fc.oneof(odd, text) },
  )
}

const TYPES: Readonly<Record<string, readonly string[]>> = {
  text: ['TEXT', 'TEXT', 'VARCHAR(20)', '', 'BLOB', 'NUMERIC'],
  time: ['DATETIME', 'DATETIME', 'INTEGER', 'TEXT', '', 'REAL'],
  integer: ['INTEGER', 'INTEGER', 'TEXT', ''],
  boolean: ['BOOLEAN', 'BOOLEAN', 'INTEGER', ''],
}

/** A table of the catalog as a hand may have made it: columns missing, added, in another order, of other types. */
function oddTable(name: string): fc.Arbitrary<OddTable> {
  const legacy = LEGACY_TABLES.find((table) => table.name === name)
  const places = legacy ? [...placesOf(legacy)] : []
  const unique = places
    .filter(
      ([
        column,
        {
          column: { unique: one },
        },
      ]) => one && column !== 'id',
    )
    .map(([column]) => column)
  return fc
    .record({
      kept: fc.subarray(
        places.filter(([column]) => column !== 'id' && !unique.includes(column)),
        { minLength: 1 },
      ),
      extra: fc.subarray([
        ['kind of thing', ''],
        ['usage', 'INTEGER'],
        ['note', 'TEXT'],
      ] as const),
      withoutRowid: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
      count: fc.integer({ min: 0, max: 6 }),
    })
    .chain(({ kept, extra, withoutRowid, count }) => {
      const types = kept.map(([, { column }]) => fc.constantFrom(...(TYPES[column.type] as string[])))
      const cells = [
        ...kept.map(([, { column }]) => cellOf(column.type)),
        ...extra.map(() => fc.oneof(odd, text) as fc.Arbitrary<Value>),
      ]
      return fc
        .record({
          types: fc.tuple(...types),
          rows: fc.array(fc.tuple(...cells), { minLength: count, maxLength: count }),
          uniques: fc.array(fc.tuple(...unique.map((column) => uniqueValue(column))), {
            minLength: count,
            maxLength: count,
          }),
        })
        .map(({ types: declared, rows, uniques }) => ({
          name,
          withoutRowid,
          columns: [
            { name: 'id', declared: 'TEXT PRIMARY KEY NOT NULL' },
            ...unique.map((column) => ({ name: column, declared: 'TEXT' })),
            ...kept.map(([column], at) => ({ name: column, declared: declared[at] as string })),
            ...extra.map(([column, type]) => ({ name: column, declared: type })),
          ],
          rows: rows.map((row, at) => [
            `${name.charAt(0).toLowerCase()}${at}`,
            ...distinct(
              uniques.map((values) => values),
              at,
            ),
            ...row,
          ]),
        }))
    })
}

const uniqueValue = (column: string): fc.Arbitrary<Value> =>
  column === 'email'
    ? fc.constantFrom<Value>(...EMAILS, ...IDS, 'system')
    : fc.oneof(text as fc.Arbitrary<Value>, fc.constant<Value>(Buffer.from([1, 2])))

/** The values of row `at`, changed where an earlier row has the same. */
function distinct(rows: readonly (readonly Value[])[], at: number): Value[] {
  return (rows[at] ?? []).map((value, column) => {
    const earlier = rows.slice(0, at).some((row) => String(row[column]) === String(value))
    return earlier || value === null ? `${String(value)}#${at}` : value
  })
}

const UNKNOWN: fc.Arbitrary<OddTable> = fc
  .record({
    withoutRowid: fc.boolean(),
    rows: fc.array(fc.tuple(odd, fc.oneof(odd, text) as fc.Arbitrary<Value>), { maxLength: 5 }),
  })
  .map(({ withoutRowid, rows }) => ({
    name: 'Feature "Cost"',
    withoutRowid,
    columns: [
      { name: 'key', declared: withoutRowid ? 'TEXT PRIMARY KEY' : '' },
      { name: 'x', declared: '' },
      { name: 'rowid', declared: '' },
    ],
    rows: rows.map(([first, second], at) => [withoutRowid ? `k${at}` : first, second, BigInt(at)]),
  }))

export const oddDatabases: fc.Arbitrary<OddDatabase> = fc
  .subarray(
    LEGACY_TABLES.map(({ name }) => name),
    { minLength: 3 },
  )
  .chain((names) =>
    fc.record({
      encoding: fc.constantFrom('UTF-8', 'UTF-8', 'UTF-16le', 'UTF-16be'),
      tables: fc.tuple(...names.map(oddTable), UNKNOWN),
    }),
  )

export function writeOddDatabase(path: string, { encoding, tables }: OddDatabase): void {
  const database = new Database(path)
  const quote = (name: string) => `"${name.replaceAll('"', '""')}"`
  try {
    database.pragma(`encoding = '${encoding}'`)
    for (const { name, columns, withoutRowid, rows } of tables) {
      const list = columns.map((column) => `${quote(column.name)} ${column.declared}`).join(', ')
      database.exec(`create table ${quote(name)} (${list}) ${withoutRowid ? 'without rowid' : ''}`)
      for (const row of rows) {
        const marks = row.map((value) => (isRaw(value) ? 'cast(? as text)' : '?')).join(', ')
        database
          .prepare(`insert into ${quote(name)} values (${marks})`)
          .run(row.map((value) => (isRaw(value) ? value.bytes : value)))
      }
    }
  } finally {
    database.close()
  }
}

const isRaw = (value: Value): value is RawValue => typeof value === 'object' && value !== null && 'bytes' in value
