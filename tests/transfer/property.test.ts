import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { merge } from '../../src/transfer/merge.ts'
import { split } from '../../src/transfer/split.ts'
import { contentOf } from '../helpers/compare-databases.ts'
import { withFolder } from '../helpers/databases.ts'
import { oddDatabases, writeOddDatabase } from '../helpers/odd-database.ts'
import { transferContext } from '../helpers/transfer.ts'

test('merge(split(x)) equals x for odd databases', async () => {
  await fc.assert(
    fc.asyncProperty(oddDatabases, async (odd) => {
      await withFolder(async (dir) => {
        const [legacy, files, merged] = [join(dir, 'legacy.db'), join(dir, 'data'), join(dir, 'merged.db')]
        writeOddDatabase(legacy, odd)
        await split({ legacy, into: files, context: transferContext() })
        await merge({ from: files, into: merged, context: transferContext() })
        expect(contentOf(merged)).toEqual(contentOf(legacy))
      })
    }),
    { seed: 20_261_122, numRuns: 15 },
  )
}, 300_000)
