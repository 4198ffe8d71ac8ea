// A run: files, PayFast, a server that is killed again and again, clients that go on all the same, and in the end the
// checker. Kills come in turns at random moments and at named places.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { type Behaviour, type PayfastServer, startPayfast } from '../../tests/helpers/payfast-server.ts'
import { type Checked, checkFiles } from './checker.ts'
import { type Load, runClient } from './clients.ts'
import { type Fault, spoilOnce } from './faults.ts'
import { countsOf, newLedger } from './ledger.ts'
import { Lives } from './lives.ts'
import { outboxSize } from './outbox.ts'
import { notifyOfCharges } from './payments.ts'
import { PLACE_NAMES, PLACES } from './places.ts'
import { type Random, randomOf } from './random.ts'
import { type Counts, newCounts } from './requests.ts'
import { emailOf, type Seeded, seedFiles } from './seed.ts'
import { newPerson, type World } from './world.ts'

export interface ChaosOptions {
  /** At least; the run goes on until all kills are made as well. 0: as fast as it goes. */
  readonly minutes: number
  /** At least; every named place is tried besides. */
  readonly kills: number
  readonly clients: number
  readonly seed: number
  readonly say?: (text: string) => void
  /** The folder is kept where something is wrong, or where this asks for it. */
  readonly keep?: boolean
}

export interface Report {
  readonly seed: number
  readonly seconds: number
  readonly kills: {
    readonly random: number
    readonly named: number
    readonly byPlace: Readonly<Record<string, number>>
  }
  /** Places where no kill was. */
  readonly missed: readonly string[]
  readonly recoveryMs: { readonly mean: number; readonly longest: number }
  readonly requests: Readonly<Counts>
  readonly unavailableReasons: readonly string[]
  /** By kind, as the clients were told. */
  readonly acknowledged: Readonly<Record<string, number>>
  readonly charges: number
  readonly faults: Readonly<Record<Fault, number>>
  readonly checked: Readonly<Record<string, number>>
  readonly problems: readonly string[]
  /** Where the files are, if they are still there. */
  readonly dir: string | undefined
}

interface Run {
  readonly options: ChaosOptions
  readonly world: World
  readonly random: Random
  readonly load: Load
  readonly byPlace: Record<string, number>
  readonly faults: Record<Fault, number>
  randomKills: number
}

const MERCHANT = { id: '10000100', key: '46f0cd694581a', passphrase: 'jt7NOE43FZPn' }
const PLACE_PATIENCE_MS = 4_000
const DRAIN_MS = 60_000
const SAVERS = 6
const PAYERS = 48
const PAYERS_A_MINUTE = 24
/** A run without a length takes about so long for its kills. */
const SHORT_MINUTES = 0.5

export async function runChaos(options: ChaosOptions): Promise<Report> {
  const dir = mkdtempSync(join(tmpdir(), 'gogga-chaos-'))
  const started = performance.now()
  const random = randomOf(options.seed)
  await using payfast = await startPayfast({ merchant: MERCHANT })
  const minutes = Math.max(options.minutes, SHORT_MINUTES)
  const payers = PAYERS + Math.round(PAYERS_A_MINUTE * minutes)
  const seeded = seedFiles({ dir, payers, minutes, random: random.fork(), history: payfast.ledger })
  await using lives = new Lives({ dir, env: environment(dir, payfast) })
  const world = newWorld(dir, lives, payfast, seeded)
  const faults = { full: 0, readonly: 0, locked: 0 }
  const load = { wanted: undefined, stopped: false }
  const run: Run = { options, world, random, load, byPlace: {}, faults, randomKills: 0 }
  const checked = await endure(run).catch((error: unknown): Checked => {
    world.problems.push(error instanceof Error ? (error.stack ?? error.message) : String(error))
    return { counts: {}, problems: [] }
  })
  const problems = [...world.problems, ...lives.accidents, ...checked.problems, ...unknownPlaces(lives)]
  writeFileSync(join(dir, 'ledger.json'), JSON.stringify({ ledger: world.ledger, charges: payfast.ledger, problems }))
  const isKept = problems.length > 0 || options.keep === true
  if (!isKept) rmSync(dir, { recursive: true, force: true })
  const seconds = (performance.now() - started) / 1_000
  return { ...reportOf(run, seconds), checked: checked.counts, problems, dir: isKept ? dir : undefined }
}

function newWorld(dir: string, lives: Lives, payfast: PayfastServer, seeded: Seeded): World {
  let count = 0
  const savers = Array.from({ length: SAVERS }, (_, index) => newPerson(`saver-${index}`, emailOf(`saver-${index}`)))
  const asking = { lives, counts: newCounts(), problems: [], reasons: new Set<string>() }
  return { ...asking, dir, ledger: newLedger(), payfast, seeded, savers, states: new Map(), count: () => ++count }
}

const environment = (dir: string, payfast: PayfastServer): Record<string, string> => ({
  GOGGA_DATA_DIR: dir,
  HOST: '127.0.0.1',
  PORT: '0',
  GOGGA_LOG_LEVEL: 'error',
  GOGGA_BUSY_TIMEOUT_MS: '400',
  GOGGA_RATE_LIMIT_PER_MINUTE: '0',
  GOGGA_SIGN_INS_PER_MINUTE: '0',
  GOGGA_REDEMPTIONS_PER_MINUTE: '0',
  PAYFAST_MERCHANT_ID: MERCHANT.id,
  PAYFAST_MERCHANT_KEY: MERCHANT.key,
  PAYFAST_PASSPHRASE: MERCHANT.passphrase,
  PAYFAST_API_URL: payfast.url,
  PAYFAST_TIMEOUT_MS: '150',
  PAYFAST_SOURCES: '127.0.0.0/8',
})

/** Throws where it cannot be brought to its end. */
async function endure(run: Run): Promise<Checked> {
  const { world, random, load, options } = run
  const { lives, payfast, seeded } = world
  payfast.next(...behaviours(random.fork(), 10_000))
  const clients = Array.from({ length: options.clients }, (_, index) => {
    const own = seeded.payers.filter((_, at) => at % options.clients === index)
    const payers = own.map((id) => newPerson(id, emailOf(id), id))
    return runClient(world, random.fork(), load, { name: `client-${index}`, payers })
  })
  const notifier = tellOfCharges(run)
  // Whoever fails ends the run at once, and not the others' kills.
  const failed = Promise.all([...clients, notifier]).then(() => undefined)
  await Promise.race([killAgainAndAgain(run), failed])
  await lives.start()
  load.stopped = true
  await failed
  await comeToRest(run)
  return await checkFiles(world)
}

const behaviours = (random: Random, count: number): Behaviour[] =>
  Array.from({ length: count }, () =>
    random.pick<Behaviour>([
      'pay',
      'pay',
      'pay',
      'pay-then-hang',
      'pay-then-reset',
      'pay-then-500',
      'refuse',
      'server-error',
      'hang',
    ]),
  )

async function killAgainAndAgain(run: Run): Promise<void> {
  const { options, world, load } = run
  const started = performance.now()
  const until = started + options.minutes * 60_000
  const places = [...PLACE_NAMES]
  for (let kills = 0; !load.stopped; kills++) {
    const isDone = kills >= options.kills && places.length === 0
    if (isDone && performance.now() >= until) return
    if (places.length === 0 && !isDone) places.push(...PLACE_NAMES)
    // Every other one, but all places come to their turn in a short run too.
    const isNamed = places.length > 0 && (kills % 2 === 0 || places.length >= options.kills - kills)
    await (isNamed ? killAtPlace(run, places.pop() as string) : killAtRandom(run))
    const { counts, problems } = world
    options.say?.(
      `${kills + 1} kills, ${counts.requests} requests, ${counts.repeats} repeats, ${problems.length} problems`,
    )
  }
}

async function killAtPlace(run: Run, place: string): Promise<void> {
  const { world, random, load, byPlace } = run
  const cause = PLACES[place]
  load.wanted = cause === 'time' ? undefined : cause
  await world.lives.start({ place, nth: random.between(1, 3) })
  await Promise.race([world.lives.ended, pause(PLACE_PATIENCE_MS)])
  if (world.lives.isAlive) await killNow(run)
  else byPlace[place] = (byPlace[place] ?? 0) + 1
  load.wanted = undefined
}

async function killAtRandom(run: Run): Promise<void> {
  const { world, random, faults } = run
  const isSpoilt = random.chance(0.5)
  const isLong = random.chance(isSpoilt ? 0.7 : 0.3)
  await world.lives.start()
  const fault = isSpoilt ? spoilOnce(world.lives, random.fork(), world.dir, faults) : undefined
  await pause(isLong ? random.between(400, 1_500) : random.between(10, 400))
  await killNow(run)
  await fault
}

async function killNow(run: Run): Promise<void> {
  run.randomKills += 1
  await run.world.lives.kill()
}

/** Goes on beside the clients, and tells of every charge again before it ends. */
async function tellOfCharges({ world, random, load }: Run): Promise<void> {
  const client = { world, random: random.fork() }
  let from = 0
  while (!load.stopped) {
    if (client.random.chance(0.5)) from = await notifyOfCharges(client, from)
    await pause(200)
  }
}

/** No message waits, PayFast has told of every charge, and the server has ended as an operator ends it. */
async function comeToRest({ world, random }: Run): Promise<void> {
  const { lives, payfast } = world
  const client = { world, random: random.fork() }
  for (let told = -1; told < payfast.ledger.length; ) {
    if (!lives.isAlive) await lives.start()
    await waitForMessages(world)
    told = await notifyOfCharges(client, 0)
    // What is charged meanwhile asks for another turn.
    await lives.stop()
  }
}

async function waitForMessages({ dir }: World): Promise<void> {
  const until = performance.now() + DRAIN_MS
  for (let left = outboxSize(dir); left > 0; left = outboxSize(dir)) {
    if (performance.now() > until) throw new Error(`${left} messages still wait after ${DRAIN_MS / 1_000} s`)
    await pause(100)
  }
}

const unknownPlaces = ({ reached }: Lives): string[] =>
  [...reached]
    .filter((place) => !PLACE_NAMES.includes(place))
    .map((place) => `${place} is reached, and scripts/chaos/places.ts does not know it`)

function reportOf(
  { options, world, byPlace, faults, randomKills }: Run,
  seconds: number,
): Omit<Report, 'checked' | 'problems' | 'dir'> {
  const { recoveries } = world.lives
  const named = Object.values(byPlace).reduce((sum, count) => sum + count, 0)
  return {
    seed: options.seed,
    seconds: Math.round(seconds * 10) / 10,
    kills: { random: randomKills, named, byPlace },
    missed: PLACE_NAMES.filter((place) => !byPlace[place]),
    recoveryMs: {
      mean: Math.round(recoveries.reduce((sum, one) => sum + one, 0) / Math.max(1, recoveries.length)),
      longest: Math.round(Math.max(0, ...recoveries)),
    },
    requests: world.counts,
    unavailableReasons: [...world.reasons].sort(),
    acknowledged: countsOf(world.ledger),
    charges: world.payfast.ledger.length,
    faults,
  }
}
