// Personal information that was on its way to billing.db or admin.db: every attempt is counted and leaves a row, by place and
// kind, never by value (POPIA section 19). `detached`: a token went in its place, in the transaction that keeps the value.
// `refused`: the change was not made, so that the row is written in a change of its own, which nobody waits for.
import type { Tx } from '../database/rows.ts'
import type { PiiKind } from '../pii/kinds.ts'
import type { Sources } from './sources.ts'

export interface Attempt {
  /** `admin.Voucher.voidReason` */
  readonly place: string
  readonly kind: PiiKind
}

export interface AttemptFigure {
  readonly domain: string
  readonly kind: PiiKind
  readonly outcome: Outcome
  /** Since the start of this process. */
  readonly count: number
}

const ID_BYTES = 16
const KINDS: Readonly<Record<PiiKind, true>> = {
  email: true,
  phone: true,
  idNumber: true,
  ip: true,
  card: true,
  iban: true,
}
export const OUTCOMES = ['detached', 'refused'] as const
export type Outcome = (typeof OUTCOMES)[number]

export function noteAttempt(
  tx: Tx<'identity'>,
  { place, kind }: Attempt,
  outcome: Outcome,
  { now, randomBytes }: Pick<Sources, 'now' | 'randomBytes'>,
): void {
  tx.insert('PiiAttempt', { id: randomBytes(ID_BYTES).toString('hex'), place, kind, outcome, createdAt: now() })
}

export interface AttemptsOptions extends Pick<Sources, 'now' | 'randomBytes'> {
  /** A change of identity.db of its own. */
  readonly change: (work: (tx: Tx<'identity'>) => void) => Promise<void>
  /** Called where a refusal could not be put on record; it is counted all the same. */
  readonly onLost?: (attempt: Attempt) => void
}

/** Disposed of before identity.db is closed: what was refused is written by then. */
export class PiiAttempts implements AsyncDisposable {
  readonly #options: AttemptsOptions
  readonly #figures = new Map<string, AttemptFigure>()
  readonly #writing = new Set<Promise<void>>()

  constructor(options: AttemptsOptions) {
    this.#options = options
    // All of them from the start: a counter that comes into being with its first event hides that one from Prometheus.
    for (const domain of ['billing', 'admin'])
      for (const kind of Object.keys(KINDS) as PiiKind[])
        for (const outcome of OUTCOMES) this.#add({ domain, kind, outcome }, 0)
  }

  get figures(): readonly AttemptFigure[] {
    return [...this.#figures.values()]
  }

  /** Of rows that are on disk. */
  detached(attempts: readonly Attempt[]): void {
    for (const attempt of attempts) this.#count(attempt, 'detached')
  }

  refused({ place, kind }: Attempt): void {
    const { change, onLost, ...sources } = this.#options
    this.#count({ place, kind }, 'refused')
    const written = change((tx) => noteAttempt(tx, { place, kind }, 'refused', sources))
      .catch(() => onLost?.({ place, kind }))
      .finally(() => this.#writing.delete(written))
    this.#writing.add(written)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#writing)
  }

  #count({ place, kind }: Attempt, outcome: Outcome): void {
    const [domain = ''] = place.split('.')
    this.#add({ domain, kind, outcome }, 1)
  }

  #add(labels: Omit<AttemptFigure, 'count'>, count: number): void {
    const key = Object.values(labels).join(' ')
    this.#figures.set(key, { ...labels, count: (this.#figures.get(key)?.count ?? 0) + count })
  }
}
