import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { allModels, type CatalogColumn, type CatalogModel } from '../../src/database/catalog.ts'
import { type OpenFile, openFile } from '../../src/database/clients.ts'
import { DOMAINS, type Domain } from '../../src/database/domains.ts'
import type { Tx } from '../../src/database/rows.ts'
import { withDatabases } from '../helpers/databases.ts'
import { OPTIONS, withBilling } from './files.ts'

type Row = Record<string, unknown>
type AnyTx = {
  find(model: string, where: Row): Row | undefined
  list(model: string, where: Row, order?: string): Row[]
  insert(model: string, row: Row): void
  update(model: string, where: Row, changes: Row): number
  remove(model: string, where: Row): number
}
interface Delegate {
  create(args: { data: Row }): Promise<Row>
  findMany(args?: { where: Row }): Promise<Row[]>
}

const anyTx = (tx: unknown): AnyTx => tx as AnyTx
const rowsOf = (file: OpenFile): AnyTx => anyTx(file.rows)
const change = <T>(file: OpenFile, work: (tx: AnyTx) => T): Promise<T> =>
  (file.change as (work: (tx: Tx) => T) => Promise<T>)((tx) => work(anyTx(tx)))
const prisma = (file: OpenFile, { name }: CatalogModel): Delegate => {
  const clients = file.client as unknown as Record<string, Delegate>
  const found = clients[name.charAt(0).toLowerCase() + name.slice(1)]
  if (!found) throw new Error(`Prisma has no model ${name}`)
  return found
}

const withEachFile = (work: (file: OpenFile) => Promise<void>): Promise<void> =>
  withDatabases(async ({ paths }) => {
    for (const domain of DOMAINS) {
      await using file = await openFile<Domain>(domain, paths[domain], OPTIONS)
      await work(file)
    }
  })

const MAX_INT = 2_147_483_647
/** Where an email could be found by accident, a row would be refused, and rightly so. */
const LETTERS = [...`AZaz '"\\éß漢😀\n\t:,{}[]-`]
const WORD = fc.string({ unit: fc.constantFrom(...LETTERS), maxLength: 20 }).filter((word) => !word.includes('::'))
const times = fc.date({
  min: new Date('0001-01-01T00:00:00Z'),
  max: new Date('9999-12-31T23:59:59.999Z'),
  noInvalidDate: true,
})

function aValueOf({ type, nullable }: CatalogColumn, domain: Domain): fc.Arbitrary<unknown> {
  const text =
    domain === 'identity'
      ? fc.string({ unit: 'grapheme', maxLength: 30 }).map((found) => found.replaceAll('\0', ''))
      : WORD
  const values: Readonly<Record<CatalogColumn['type'], fc.Arbitrary<unknown>>> = {
    text,
    integer: fc.integer({ min: -MAX_INT - 1, max: MAX_INT }),
    boolean: fc.boolean(),
    time: times,
    bytes: fc.uint8Array({ maxLength: 40 }),
  }
  return nullable ? fc.option(values[type], { nil: null }) : values[type]
}

const rowOf = ({ columns, domain }: CatalogModel): fc.Arbitrary<Row> =>
  fc.record(Object.fromEntries(columns.map((column) => [column.name, aValueOf(column, domain)])))

/** Keys and unique columns that no other row has. */
function apart({ columns, key }: CatalogModel, row: Row, nth: number): Row {
  const own = columns.filter(({ name, unique }) => unique || key.includes(name))
  const changed = own.map(({ name, type }) => [name, type === 'text' ? `${row[name] ?? ''} ${nth.toString(36)}-` : nth])
  return { ...row, ...Object.fromEntries(changed) }
}

/** Buffers and typed arrays of the same bytes are the same value. */
const plain = (row: Row | undefined): Row | undefined =>
  row &&
  Object.fromEntries(
    Object.entries(row).map(([name, value]) => [name, value instanceof Uint8Array ? [...value] : value]),
  )

const keyOf = ({ key }: CatalogModel, row: Row): Row => Object.fromEntries(key.map((name) => [name, row[name]]))

let made = 0

describe.each(allModels.map((model) => [`${model.domain}.${model.name}`, model] as const))('%s', (_, model) => {
  const withFile = (work: (file: OpenFile) => Promise<void>): Promise<void> =>
    withDatabases(async ({ paths }) => {
      await using file = await openFile<Domain>(model.domain, paths[model.domain], OPTIONS)
      await work(file)
    })
  const property = fc.asyncProperty
  const parameters = { numRuns: 25, seed: 20_261_122 }

  test('a row written here is what Prisma reads, and what is read here', () =>
    withFile(async (file) => {
      const check = property(rowOf(model), async (drawn) => {
        const row = apart(model, drawn, ++made)
        await change(file, (tx) => tx.insert(model.name, row))
        const [seen] = await prisma(file, model).findMany({ where: keyOf(model, row) })
        expect(plain(seen)).toEqual(plain(row))
        expect(plain(rowsOf(file).find(model.name, keyOf(model, row)))).toEqual(plain(row))
        expect(plain(await change(file, (tx) => tx.find(model.name, row)))).toEqual(plain(row))
      })
      await fc.assert(check, parameters)
    }))

  test('a row written by Prisma is read the same here, and found by each of its values', () =>
    withFile(async (file) => {
      const check = property(rowOf(model), async (drawn) => {
        const row = apart(model, drawn, ++made)
        await prisma(file, model).create({ data: row })
        expect(plain(rowsOf(file).find(model.name, keyOf(model, row)))).toEqual(plain(row))
        for (const { name } of model.columns) {
          const found = rowsOf(file).list(model.name, { [name]: row[name] })
          expect(
            found.map((other) => plain(other)),
            name,
          ).toContainEqual(plain(row))
        }
      })
      await fc.assert(check, { ...parameters, numRuns: 10 })
    }))

  test('a change of every column is what Prisma reads', () =>
    withFile(async (file) => {
      const check = property(rowOf(model), rowOf(model), async (drawn, other) => {
        const [row, next] = [apart(model, drawn, ++made), apart(model, other, ++made)]
        await change(file, (tx) => tx.insert(model.name, row))
        if (model.chained) {
          const refused = expect.objectContaining({ message: expect.stringContaining('never changed') })
          await expect(change(file, (tx) => tx.update(model.name, keyOf(model, row), next))).rejects.toEqual(refused)
          await expect(change(file, (tx) => tx.remove(model.name, keyOf(model, row)))).rejects.toEqual(refused)
          return
        }
        expect(await change(file, (tx) => tx.update(model.name, keyOf(model, row), next))).toBe(1)
        const [seen] = await prisma(file, model).findMany({ where: keyOf(model, next) })
        expect(plain(seen)).toEqual(plain(next))
        expect(await change(file, (tx) => tx.remove(model.name, next))).toBe(1)
        expect(rowsOf(file).find(model.name, keyOf(model, next))).toBeUndefined()
      })
      await fc.assert(check, { ...parameters, numRuns: 10 })
    }))

  test('has no column of another name', () =>
    withFile(async (file) => {
      const unknown = `${model.domain}.${model.name} has no column constructor`
      const uses = [
        (tx: AnyTx) => tx.find(model.name, { constructor: 'x' }),
        (tx: AnyTx) => tx.list(model.name, { constructor: null }),
        (tx: AnyTx) => tx.insert(model.name, { constructor: 'x' }),
        (tx: AnyTx) => tx.update(model.name, { constructor: 'x' }, { [model.key[0] ?? '']: 'x' }),
        (tx: AnyTx) => tx.update(model.name, {}, { constructor: 'x' }),
        (tx: AnyTx) => tx.remove(model.name, { constructor: 'x' }),
      ]
      for (const use of uses) await expect(change(file, use)).rejects.toThrow(unknown)
    }))
})

describe('conditions', () => {
  const withPacks = (work: (tx: AnyTx) => void): Promise<void> =>
    withBilling(async (path) => {
      await using file = await openFile('billing', path, OPTIONS)
      const pack = {
        userId: 'ann',
        packSize: '200',
        credits: 1,
        creditsUsed: 0,
        status: 'complete',
        createdAt: new Date(0),
      }
      await change(file, (tx) => {
        tx.insert('CreditPurchase', { ...pack, id: 'b', expiresAt: new Date('2026-02-01') })
        tx.insert('CreditPurchase', { ...pack, id: 'a', expiresAt: null })
        tx.insert('CreditPurchase', { ...pack, id: 'c', expiresAt: new Date('2026-01-01'), status: 'failed' })
      })
      await change(file, work)
    })
  const ids = (rows: Row[]): unknown[] => rows.map(({ id }) => id)

  test('null asks for what is not there', () =>
    withPacks((tx) => {
      expect(ids(tx.list('CreditPurchase', { expiresAt: null }))).toEqual(['a'])
      expect(tx.find('CreditPurchase', { expiresAt: null, status: 'failed' })).toBeUndefined()
      expect(tx.update('CreditPurchase', { expiresAt: null }, { expiresAt: new Date('2026-03-01') })).toBe(1)
      expect(tx.remove('CreditPurchase', { expiresAt: null })).toBe(0)
    }))

  test('rows come in the order of their writing, or of the columns that are named', () =>
    withPacks((tx) => {
      expect(ids(tx.list('CreditPurchase', {}))).toEqual(['b', 'a', 'c'])
      expect(ids(tx.list('CreditPurchase', {}, 'expiresAt is null, expiresAt'))).toEqual(['c', 'b', 'a'])
      expect(tx.update('CreditPurchase', { status: 'complete' }, { credits: 2 })).toBe(2)
    }))

  test('a value that is missing does not fit every row', () =>
    withPacks((tx) => {
      const missing = { id: undefined }
      for (const use of [
        () => tx.find('CreditPurchase', missing),
        () => tx.list('CreditPurchase', missing),
        () => tx.update('CreditPurchase', missing, { credits: 9 }),
        () => tx.remove('CreditPurchase', missing),
      ])
        expect(use).toThrow('A condition on id has no value')
      expect(ids(tx.list('CreditPurchase', {}))).toHaveLength(3)
    }))

  test('values are never SQL', () =>
    withPacks((tx) => {
      const odd = `x' or 1=1; drop table "CreditPurchase"; --`
      expect(tx.find('CreditPurchase', { id: odd })).toBeUndefined()
      expect(tx.remove('CreditPurchase', { userId: odd })).toBe(0)
      expect(ids(tx.list('CreditPurchase', {}))).toHaveLength(3)
    }))

  test('there is no model of another name', () =>
    withPacks((tx) => {
      for (const name of ['User', 'sqlite_schema', 'toString', '']) expect(() => tx.find(name, {})).toThrow('no model')
    }))
})

describe('personal information', () => {
  const PHONE = 'call 082 555 1234 please'
  const BASE64 = Buffer.from('thabo@example.co.za').toString('base64')
  const guarded = allModels
    .filter(({ domain }) => domain !== 'identity')
    .flatMap((model) => model.columns.filter(({ type }) => type === 'text').map((column) => ({ model, column })))
  const filled = (model: CatalogModel, nth: number): Row => {
    const values = { text: `word${nth}`, integer: nth, boolean: false, time: new Date(nth), bytes: new Uint8Array() }
    return Object.fromEntries(model.columns.map(({ name, type }) => [name, values[type]]))
  }
  const put = (file: OpenFile, model: CatalogModel, column: CatalogColumn, text: string): Promise<unknown> =>
    change(file, (tx) => {
      tx.insert(model.name, { ...filled(model, ++made), [column.name]: text })
    }).catch((error: unknown) => error)

  const NUMBERS = [PHONE, 'refund to DE89 3704 0044 0532 0130 00', `{"reason":"${PHONE}"}`]
  const HIDDEN = ['thabo\uff20example.co.za', 'thabo&#64;example.co.za', BASE64]
  /** The first is let be as an id alone. */
  const CLEAN = [
    '8001015009087',
    'f81d4fae-7dec-11d0-a765-00a0c91e6bf6',
    'pii:0123456789abcdef0123456789abcdef',
    'voucher-redeemed:082555123408255512340825551234ab:0',
    'POST /v1/vouchers/redeem',
    '{"reason":"see pii:82555123482555123482555123482555"}',
  ]

  async function expectGuarded(file: OpenFile, model: CatalogModel, column: CatalogColumn): Promise<void> {
    const place = `${model.domain}.${model.name}.${column.name}`
    // Of messages and answers only the columns of text.
    const isLoose = column.class !== 'freetext' && ['OutboxMessage', 'Change'].includes(model.name)
    for (const text of NUMBERS)
      expect((await put(file, model, column, text)) instanceof Error, `${place} ${text}`).toBe(!isLoose)
    for (const text of HIDDEN) expect(await put(file, model, column, text), place).toBeInstanceOf(Error)
    const clean = CLEAN.slice(column.class === 'freetext' ? 1 : 0)
    for (const text of clean) expect(await put(file, model, column, text), `${place} ${text}`).toBeUndefined()
  }

  test('SQL of one’s own over Prisma takes none either, nor in what is bound to it', () =>
    withDatabases(async ({ paths }) => {
      await using file = await openFile('admin', paths.admin, OPTIONS)
      const { client } = file
      const sql = 'insert into "VoucherLog" (id, voucherId, action, actor, meta) values'
      const tries = [
        () => client.$executeRawUnsafe(`${sql} ('l1', 'v', 'x', 'u', 'thabo@example.com')`),
        () => client.$executeRawUnsafe(`${sql} (?, 'v', 'x', 'u', ?)`, 'l1', PHONE),
        () => client.$queryRawUnsafe(`${sql} ('l1', 'v', 'x', 'u', ?) returning id`, BASE64),
        () => client.$transaction(async (tx) => tx.$executeRaw`update "VoucherLog" set meta = ${PHONE}`),
      ]
      for (const attempt of tries) await expect(attempt()).rejects.toThrow('was about to be written to admin.sql')
      expect(await client.$executeRawUnsafe(`${sql} (?, 'v', 'x', 'u', ?)`, 'l1', 'fine')).toBe(1)
      expect(await client.$queryRawUnsafe('select id from "VoucherLog" where meta = ?', PHONE)).toEqual([])
    }))

  test.each(
    [...new Set(guarded.map(({ model }) => model))].map((model) => [`${model.domain}.${model.name}`, model] as const),
  )('%s takes no email in any text, and no phone number but in what holds ids', (_, model) =>
    withDatabases(async ({ paths }) => {
      await using file = await openFile<Domain>(model.domain, paths[model.domain], OPTIONS)
      for (const { column } of guarded.filter((place) => place.model === model)) {
        const place = `${model.domain}.${model.name}.${column.name}`
        for (const text of [
          'thabo@example.co.za',
          'ask "Thabo" <thabo@example.co.za>',
          '{"to":"thabo\\u0040example.co.za"}',
        ])
          expect(await put(file, model, column, text), place).toMatchObject({ message: expect.stringContaining(place) })
        await expectGuarded(file, model, column)
      }
      const count = (await prisma(file, model).findMany()).length
      const [column] = model.columns.filter(({ type }) => type === 'text')
      if (column) {
        const update = change(file, (tx) => tx.update(model.name, {}, { [column.name]: 'thabo@example.co.za' }))
        await expect(update).rejects.toThrow('Personal information')
      }
      expect(await prisma(file, model).findMany()).toHaveLength(count)
    }),
  )

  test('the words of the refusal hold none of it', () =>
    withEachFile(async (file) => {
      if (file.domain === 'identity') return
      const model = allModels.find(({ domain, name }) => domain === file.domain && name === 'Change')
      const column = model?.columns.find(({ name }) => name === 'answer')
      if (!model || !column) throw new Error('The catalog has no Change.answer')
      const error = await put(file, model, column, 'thabo@example.co.za')
      expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain('thabo')
    }))
})
