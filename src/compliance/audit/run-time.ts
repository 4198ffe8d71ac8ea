/**
 * Whether the guard before billing.db and admin.db is in force, and what it met (POPIA section 19). Each guarded column is tried
 * with personal information of nobody, over each way in, in transactions that are always taken back.
 */
import { modelsOf } from '../../database/catalog.ts'
import type { Files, OpenFile } from '../../database/clients.ts'
import { PiiRefusedError } from '../../database/pii-guard.ts'
import { timeText } from '../../database/row-codec.ts'
import type { Tx } from '../../database/rows.ts'
import type { CatalogColumn, CatalogModel } from '../../generated/catalog.ts'
import { OUTCOMES } from '../../identity/pii-attempts.ts'
import type { Finding } from './finding.ts'
import type { SectionResult } from './report.ts'

/** Opened by the caller, without a listener for refusals: these attempts are nobody's. */
export type Guarded = Pick<Files, 'billing' | 'admin'>

export interface RunTimeOptions {
  readonly files: Guarded
  readonly identity: OpenFile<'identity'>['reader']
  readonly now: Date
}

const DAYS = 30
const DAY_MS = 86_400_000
const DOMAINS = ['billing', 'admin'] as const
/** An address that is reserved for examples (RFC 2606), and a number that nobody may be given. */
const EMAIL = 'probe@example.com'
const PHONE = '+27 82 000 0000'

export async function auditRunTime({ files, identity, now }: RunTimeOptions): Promise<SectionResult> {
  const findings: Finding[] = []
  let probes = 0
  for (const domain of DOMAINS) {
    for (const way of [overRows, overClient, overSql] as const) {
      const tried = await way(files, domain)
      probes += tried.length
      findings.push(...tried.flatMap(unguarded))
    }
  }
  const attempts = attemptsSince(identity, new Date(now.getTime() - DAYS * DAY_MS))
  const total = attempts.reduce((sum, { count }) => sum + count, 0)
  return { findings: [...findings, ...attempts.map(findingOf)], looked: { probes, attempts: total } }
}

interface Tried {
  readonly place: { readonly file: string; readonly table: string; readonly column: string }
  readonly way: string
  readonly wasRefused: boolean
}

interface Probe {
  readonly model: CatalogModel
  readonly column: CatalogColumn
  readonly text: string
}

/** Messages and answers hold ids: in columns of theirs that are no text an email is tried alone. */
const LOOSE: ReadonlySet<string> = new Set(['OutboxMessage', 'Change'])

const probesOf = (domain: (typeof DOMAINS)[number]): readonly Probe[] =>
  modelsOf(domain).flatMap((model) =>
    model.columns
      .filter(({ type }) => type === 'text')
      .flatMap((column) => {
        const isLoose = column.class !== 'freetext' && LOOSE.has(model.name)
        return [EMAIL, ...(isLoose ? [] : [PHONE])].map((text) => ({ model, column, text }))
      }),
  )

class TakenBack extends Error {}

const ignoreTakenBack = (error: unknown): void => {
  if (!(error instanceof TakenBack)) throw error
}

const triedOf = ({ model, column }: Probe, way: string, wasRefused: boolean): Tried => {
  return { place: { file: `${model.domain}.db`, table: model.name, column: column.name }, way, wasRefused }
}

async function overRows(files: Guarded, domain: (typeof DOMAINS)[number]): Promise<readonly Tried[]> {
  const tried: Tried[] = []
  const change = files[domain].change as (work: (tx: Tx) => void) => Promise<void>
  const work = (tx: Tx) => {
    const insert = tx.insert as unknown as (model: string, row: object) => void
    for (const probe of probesOf(domain)) {
      const wasRefused = isRefused(() => insert(probe.model.name, { [probe.column.name]: probe.text }))
      tried.push(triedOf(probe, 'a change', wasRefused))
    }
    throw new TakenBack()
  }
  await change(work).catch(ignoreTakenBack)
  return tried
}

/** Any other refusal comes from SQLite, after the guard would have spoken. */
function isRefused(work: () => void): boolean {
  try {
    work()
    return false
  } catch (error) {
    return error instanceof PiiRefusedError
  }
}

type Delegates = Readonly<Record<string, { create(args: { data: object }): Promise<unknown> }>>

async function overClient(files: Guarded, domain: (typeof DOMAINS)[number]): Promise<readonly Tried[]> {
  const tried: Tried[] = []
  const client = files[domain].client as unknown as {
    $transaction(work: (tx: Delegates) => Promise<void>): Promise<void>
  }
  const work = async (tx: Delegates) => {
    for (const probe of probesOf(domain)) {
      const delegate = tx[probe.model.name.charAt(0).toLowerCase() + probe.model.name.slice(1)]
      const created = Promise.resolve(delegate?.create({ data: { [probe.column.name]: probe.text } }))
      const error = await created.then(
        () => undefined,
        (reason: unknown) => reason,
      )
      tried.push(triedOf(probe, "Prisma's client", error instanceof PiiRefusedError))
    }
    throw new TakenBack()
  }
  await client.$transaction(work).catch(ignoreTakenBack)
  return tried
}

/** SQL of one's own has no column: one is tried for all. */
async function overSql(files: Guarded, domain: (typeof DOMAINS)[number]): Promise<readonly Tried[]> {
  const client = files[domain].client as unknown as {
    $transaction(work: (tx: Raw) => Promise<void>): Promise<void>
  }
  const tried: Tried[] = []
  const work = async (tx: Raw) => {
    for (const text of [EMAIL, PHONE]) {
      const error = await tx.$executeRawUnsafe('insert into "InboxMessage" (id) values (?)', text).then(
        () => undefined,
        (reason: unknown) => reason,
      )
      const place = { file: `${domain}.db`, table: 'InboxMessage', column: 'id' }
      tried.push({ place, way: "SQL over Prisma's client", wasRefused: error instanceof PiiRefusedError })
    }
    throw new TakenBack()
  }
  await client.$transaction(work).catch(ignoreTakenBack)
  return tried
}

interface Raw {
  $executeRawUnsafe(sql: string, ...values: readonly unknown[]): Promise<unknown>
}

function unguarded({ place, way, wasRefused }: Tried): readonly Finding[] {
  if (wasRefused) return []
  return [
    {
      ...{ severity: 'high', section: 'run-time', code: 'run-time.unguarded', place, count: 1 },
      message: `Personal information is not refused there, over ${way}`,
      next: 'Bring the guard back before this column (src/database/pii-guard.ts), and audit the values.',
    },
  ]
}

interface AttemptCount {
  readonly place: string
  readonly kind: string
  readonly outcome: string
  readonly count: number
}

const attemptsSince = (identity: RunTimeOptions['identity'], since: Date): readonly AttemptCount[] =>
  identity
    .prepare<[string], AttemptCount>(
      `select place, kind, outcome, count(*) as count from "PiiAttempt" where createdAt >= ?
       group by place, kind, outcome order by count(*) desc`,
    )
    .all(timeText(since))

function findingOf({ place, kind, outcome, count }: AttemptCount): Finding {
  const [domain = '', table = '', column = ''] = place.split('.')
  const base = {
    section: 'run-time',
    place: { file: `${domain}.db`, ...(table && { table }), ...(column && { column }) },
    count,
  } as const
  const about = `${count} attempt(s) to write personal information (${kind}) there in ${DAYS} days`
  if (outcome === 'detached') {
    const next = 'Nothing: a token stands in its place.'
    return { ...base, severity: 'info', code: 'run-time.detached', message: `${about} were detached`, next }
  }
  if (outcome === 'refused') {
    const next = 'Find the code that sent it without detaching it first, and correct it.'
    return { ...base, severity: 'info', code: 'run-time.refused', message: `${about} were refused`, next }
  }
  const message = `${about} ended in a way that nobody knows; expected ${OUTCOMES.join(' or ')}`
  const next = 'Find out who wrote to PiiAttempt past the application.'
  return { ...base, severity: 'medium', code: 'run-time.outcome', message, next }
}
