// The short form of `npm run chaos`: every named place and some random moments.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { PLACE_NAMES } from '../../scripts/chaos/places.ts'
import { runChaos } from '../../scripts/chaos/run.ts'
import { AUTHORIZATION } from '../../src/http/authorization.ts'
import { MESSAGES } from '../../src/saga/messages.ts'
import { ACTS } from '../saga/acts.ts'

const KILLS = 36
const SEED = 20_260_601
/** Of two cores that others share, too. */
const TIMEOUT_MS = 240_000

describe('a server that is killed again and again', () => {
  it(
    'loses nothing and does nothing twice',
    async () => {
      const report = await runChaos({ minutes: 0, kills: KILLS, clients: 6, seed: SEED })
      expect(report.problems, `the files are in ${report.dir}`).toEqual([])
      expect(report.kills.random + report.kills.named).toBeGreaterThanOrEqual(KILLS)
      expect(report.kills.named).toBeGreaterThanOrEqual(20)
      for (const kind of ['signIns', 'spends', 'payments', 'vouchers', 'redemptions', 'overrides', 'adjustments'])
        expect(report.acknowledged[kind], kind).toBeGreaterThan(0)
    },
    TIMEOUT_MS,
  )
})

describe('the named places', () => {
  /** Sign-out writes one file and has no answer to keep; audits and verifications change nothing; messages are operations' own. */
  const WITHOUT = [
    'DELETE /v1/auth/session',
    'POST /v1/payfast/notifications',
    'POST /v1/compliance/audits',
    'POST /v1/compliance/chain',
  ]
  /**
   * Whoever is erased or restricted is no good client of a load that goes on: tests/saga/kill.test.ts kills these changes at
   * every place, and compares with what an undisturbed one leaves.
   */
  const isRight = (route: string) => route.includes('/v1/subjects/:id/')
  const KILLED_APART = new Set(Object.values(ACTS).flatMap(({ places }) => places))

  it('are those of every route that begins a change', () => {
    const routes = [...AUTHORIZATION.keys()].filter((route) => !route.startsWith('GET ') && !route.includes('/v1/ops/'))
    const expected = routes
      .filter((route) => !WITHOUT.includes(route) && !isRight(route))
      .map((route) => `${route}:committed`)
    expect(PLACE_NAMES.filter((place) => place.startsWith('POST ') || place.startsWith('DELETE ')).sort()).toEqual(
      expected.sort(),
    )
  })

  /** No route deletes a row that rows of other files follow; tests/saga/parent-deleted.test.ts kills such a change. */
  const BY_ROUTE = Object.keys(MESSAGES).filter((type) => !type.startsWith('parent-deleted-'))

  it.each(BY_ROUTE)('are before and after the delivery of %s', (type) => {
    const names = /^(subject|restriction)-/.test(type) ? [...KILLED_APART] : PLACE_NAMES
    expect(names).toContain(`${type}:before-delivery`)
    expect(names).toContain(`${type}:delivered`)
  })
})

describe('npm run chaos', () => {
  const run = (...words: string[]) =>
    spawnSync(process.execPath, [join(import.meta.dirname, '../../scripts/chaos/chaos.ts'), ...words], {
      encoding: 'utf8',
    })

  it('helps with examples', () => {
    const { status, stdout } = run('--help')
    expect({ status, hasExamples: stdout.includes('Examples:\n  $ npm run chaos') }).toEqual({
      status: 0,
      hasExamples: true,
    })
  })

  it.each([['--kills', 'many'], ['--clients', '0'], ['--minutes', '-1'], ['--nonsense']])(
    'refuses %s %s',
    (...words) => {
      const { status, stderr } = run(...words)
      expect({ status, hasHint: stderr.includes('npm run chaos -- --help') }).toEqual({ status: 2, hasHint: true })
    },
  )
})
