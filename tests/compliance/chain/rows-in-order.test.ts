// However rows and links lie to each other, a row is found by its key.
import { expect, it } from 'vitest'
import { rowsInOrder } from '../../../src/compliance/chain/rows-in-order.ts'
import { modelNamed } from '../../../src/database/catalog.ts'
import { openReader, openWriter } from '../../../src/database/connections.ts'
import { withDatabases } from '../../helpers/databases.ts'

const COUNT = 1_300
const ids = Array.from({ length: COUNT }, (_, at) => `row-${at}`)

const ORDERS: readonly (readonly [string, readonly string[]])[] = [
  ['in the order of writing', ids],
  ['backwards', ids.toReversed()],
  ['where every third row is not asked for', ids.filter((_, at) => at % 3 !== 0)],
  ['where some are not there', ids.flatMap((id, at) => (at % 7 === 0 ? [id, `none-${at}`] : [id]))],
  ['where one is asked for twice', ids.flatMap((id) => [id, id])],
  ['behind a long stretch that nobody asks for', ids.slice(1_100)],
  ['the last first', [...ids.slice(-1), ...ids]],
]

it.each(ORDERS)('%s', (_, order) =>
  withDatabases(({ paths }) => {
    const writer = openWriter('admin', paths.admin)
    const insert = writer.prepare(
      `insert into "AdminLog" (id, adminId, action, createdAt) values (?, 'boss', 'login', '2026-06-01')`,
    )
    writer.transaction(() => ids.forEach((id) => void insert.run(id)))()
    writer.close()
    const reader = openReader('admin', paths.admin)
    const row = rowsInOrder(modelNamed('admin', 'AdminLog'), reader)
    const known = new Set(ids)
    expect(order.map((id) => row(id)?.id)).toEqual(order.map((id) => (known.has(id) ? id : undefined)))
    reader.close()
  }),
)
