// A page of 50 users with subscription, payments and vouchers: the join service, the limit of SQL over attached files,
// and Prisma `include` on one file; then the same page at 10,000 and at 1,000,000 users.
import { deepStrictEqual } from 'node:assert'
import { openReader } from '../../src/database/connections.ts'
import { createJoin, type Join } from '../../src/join/join.ts'
import { openAttached } from './baseline/attached.ts'
import { openUnified } from './baseline/unified.ts'
import { type BenchData, benchData } from './data.ts'
import { type Figure, sideBySide, type Verdict, verdict } from './measure.ts'

export interface JoinOptions {
  readonly people: number
  /** Sizes between which a page must cost the same. */
  readonly scale: readonly [number, number]
  readonly rounds: number
  readonly say: (text: string) => void
}

export interface JoinResult {
  readonly figures: readonly Figure[]
  readonly verdicts: readonly Verdict[]
}

const EXPAND = ['subscription', 'payments', 'vouchers'] as const
const OPERATIONS = 200

export async function benchJoin(options: JoinOptions): Promise<JoinResult> {
  const page = await benchPage(benchData(options.people, options.say), options.rounds)
  const scale = await benchScale(options)
  return { figures: [...page.figures, ...scale.figures], verdicts: [...page.verdicts, ...scale.verdicts] }
}

async function benchPage(data: BenchData, rounds: number): Promise<JoinResult> {
  const service = openService(data)
  const attached = openAttached(data.paths)
  const unindexed = await openUnified(data.legacy)
  const indexed = await openUnified(data.unified)
  const start = (index: number) => data.starts[index % data.starts.length] ?? ''
  await sameAnswers(service, attached.page, indexed.page, start(0))
  const figures = await sideBySide(
    [
      { name: 'join service, three files', run: (index) => service.page(start(index)) },
      { name: 'SQL over attached files, JSON aggregation, parsed', run: (index) => attached.page(start(index)) },
      { name: 'Prisma include, one file, an index added on each userId', run: (index) => indexed.page(start(index)) },
    ],
    { rounds, operations: OPERATIONS },
  )
  const legacy = await sideBySide(
    [
      { name: 'join service, three files (again)', run: (index) => service.page(start(index)) },
      { name: 'Prisma include, one file with the legacy indexes', run: (index) => unindexed.page(start(index)) },
    ],
    { rounds: Math.min(rounds, 5), operations: 20 },
  )
  service.close()
  attached.close()
  await indexed.close()
  await unindexed.close()
  const [ours, sql, prisma] = figures.map(({ median }) => median) as [number, number, number]
  const [again, legacyPrisma] = legacy.map(({ median }) => median) as [number, number]
  return {
    figures: [...figures, ...legacy],
    verdicts: [
      verdict('join service / Prisma include, legacy indexes', again / legacyPrisma, 1 / 6),
      verdict('join service / Prisma include, userId indexes added', ours / prisma, 1 / 6),
      verdict('join service / SQL over attached files', ours / sql, 1.15),
    ],
  }
}

interface Service {
  page(start: string): readonly unknown[]
  close(): void
}

function openService({ paths }: BenchData): Service {
  const readers = {
    identity: openReader('identity', paths.identity),
    billing: openReader('billing', paths.billing),
    admin: openReader('admin', paths.admin),
  }
  const join: Join = createJoin(readers)
  return {
    page: (start) =>
      join.page({
        from: 'users',
        filter: [{ field: 'id', op: 'gt', value: start }],
        sort: ['id'],
        limit: 50,
        expand: EXPAND,
        pii: { purpose: 'service-operation' },
        bearers: 'clear',
      }).data,
    close: () => {
      for (const reader of Object.values(readers)) reader.close()
    },
  }
}

/** All three give the same people with the same linked rows, or the figures mean nothing. */
async function sameAnswers(
  service: Service,
  attached: (start: string) => unknown[],
  prisma: (start: string) => Promise<unknown[]>,
  start: string,
): Promise<void> {
  const ours = normal(service.page(start))
  deepStrictEqual(ours, normal(attached(start)), 'The attached files give another page than the join service')
  const ids = (page: readonly Normal[]) => page.map(({ id, payments }) => [id, payments.map((payment) => payment.id)])
  deepStrictEqual(ids(ours), ids(normal(await prisma(start))), 'Prisma gives another page than the join service')
}

interface Normal {
  readonly id: string
  readonly payments: { readonly id: string }[]
  readonly vouchers: { readonly id: string }[]
}

/** As JSON has it, with linked rows in the order of their ids. */
function normal(page: readonly unknown[]): readonly Normal[] {
  const rows = JSON.parse(JSON.stringify(page)) as Normal[]
  const byId = (a: { id: string }, b: { id: string }) => (a.id < b.id ? -1 : 1)
  for (const { payments, vouchers } of rows) for (const list of [payments, vouchers]) list.sort(byId)
  return rows
}

async function benchScale({ scale, rounds, say }: JoinOptions): Promise<JoinResult> {
  const [small, large] = scale.map((people) => ({ people, data: benchData(people, say) })) as [Sized, Sized]
  const services = [small, large].map(({ people, data }) => ({ people, data, service: openService(data) }))
  const figures = await sideBySide(
    services.map(({ people, data, service }) => ({
      name: `join service, ${people} users`,
      run: (index: number) => service.page(data.starts[index % data.starts.length] ?? ''),
    })),
    { rounds, operations: OPERATIONS },
  )
  for (const { service } of services) service.close()
  const [few, many] = figures.map(({ median }) => median) as [number, number]
  return { figures, verdicts: [verdict(`a page at ${large.people} / at ${small.people} users`, many / few, 1.3)] }
}

interface Sized {
  readonly people: number
  readonly data: BenchData
}
