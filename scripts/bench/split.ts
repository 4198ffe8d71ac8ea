// gogga split, with every rule, both checksums and the proof, against the least that moving the same rows can cost:
// `insert … select` over ATTACH into the same schemas, one transaction a file, durable as SQLite is by default.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { pathInFolder } from '../../src/config.ts'
import { allModels, type CatalogModel, quote } from '../../src/database/catalog.ts'
import { DOMAINS } from '../../src/database/domains.ts'
import { migrate } from '../../src/database/migrations.ts'
import { split } from '../../src/transfer/split.ts'
import { buildLegacyDatabase } from '../../tests/helpers/legacy-database.ts'
import { type Figure, spread, type Verdict, verdict } from './measure.ts'

export interface SplitOptions {
  readonly people: number
  readonly rounds: number
  readonly say: (text: string) => void
}

export async function benchSplit({
  people,
  rounds,
  say,
}: SplitOptions): Promise<{ figures: Figure[]; verdicts: Verdict[] }> {
  const dir = mkdtempSync(join(tmpdir(), 'gogga-bench-'))
  try {
    const legacy = join(dir, 'legacy.db')
    say(`making a unified database of ${people} people with every trap …`)
    buildLegacyDatabase(legacy, { users: people, unknown: false })
    const times: { split: number[]; attach: number[]; ratio: number[] } = { split: [], attach: [], ratio: [] }
    let rows = 0
    for (let round = -1; round < rounds; round++) {
      say(`split: round ${Math.max(0, round + 1)} of ${rounds}`)
      const attach = timed(() => copyByAttach(legacy, fresh(dir, 'attach')))
      const began = performance.now()
      const report = await runSplit(legacy, fresh(dir, 'split'))
      const ours = (performance.now() - began) * 1_000
      rows = report.tables.reduce((sum, table) => sum + table.rows.legacy, 0)
      if (round < 0) continue
      times.split.push(ours)
      times.attach.push(attach)
      times.ratio.push(ours / attach)
    }
    return {
      figures: [
        { name: `gogga split of ${rows} rows, proof included`, ...spread(times.split) },
        { name: 'insert … select over ATTACH, the same rows', ...spread(times.attach) },
      ],
      verdicts: [verdict('split / insert … select', spread(times.ratio).median, 6)],
    }
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

function fresh(dir: string, name: string): string {
  const path = join(dir, name)
  rmSync(path, { recursive: true, force: true })
  return path
}

function timed(work: () => void): number {
  const began = performance.now()
  work()
  return (performance.now() - began) * 1_000
}

let lastId = 0

function runSplit(legacy: string, into: string) {
  const context = {
    now: () => new Date(),
    randomId: () => (lastId++).toString(36).padStart(24, '0'),
    progress: () => undefined,
  }
  return split({ legacy, into, context })
}

function copyByAttach(legacy: string, into: string): void {
  mkdirSync(into)
  for (const domain of DOMAINS) {
    const path = pathInFolder(into, domain)
    migrate(domain, path)
    const file = new Database(path)
    file.pragma('journal_mode = WAL')
    file.prepare('attach ? as legacy').run(legacy)
    const models = allModels.filter((model) => model.domain === domain && model.legacy && !model.legacy.moved)
    file.transaction(() => {
      for (const model of models) file.exec(insertSelect(model, columnsOf(file, model)))
    })()
    file.exec('detach legacy')
    file.close()
  }
}

/** What the unified table has: columns that came later take their default. */
function columnsOf(file: Database.Database, { name, legacy }: CatalogModel): ReadonlySet<string> {
  const columns = file.prepare("select name from pragma_table_info(?, 'legacy')").pluck()
  return new Set(columns.all(legacy?.table ?? name) as string[])
}

function insertSelect({ name, columns, legacy }: CatalogModel, there: ReadonlySet<string>): string {
  const copied = columns.filter((column) => there.has(column.legacy ?? column.name))
  const to = copied.map((column) => quote(column.name)).join(', ')
  const from = copied.map((column) => quote(column.legacy ?? column.name)).join(', ')
  return `insert into ${quote(name)} (${to}) select ${from} from legacy.${quote(legacy?.table ?? name)}`
}
