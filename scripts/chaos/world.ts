// What the clients share: the server's lives, the ledger, PayFast, and the people on whose behalf they act.
import type { PayfastServer } from '../../tests/helpers/payfast-server.ts'
import type { Ledger } from './ledger.ts'
import type { Random } from './random.ts'
import { type Asked, type Asking, ask, askTwice, type Reply } from './requests.ts'
import { ADMINISTRATOR, type Seeded } from './seed.ts'

/**
 * Three kinds of people. Savers: everybody spends theirs at once; their tier is set once. Movers: one client each, so what
 * their subscription must look like is known after every answer. Payers: charges come whenever the server makes them.
 */
export interface Person {
  readonly name: string
  readonly email: string
  /** Known from the first sign-in on. */
  userId: string | undefined
  session: Promise<string> | undefined
  ready: Promise<void> | undefined
}

/** What a mover's subscription must look like. */
export interface State {
  tier: string
  status: string
  creditsUsed: number
  imagesUsed: number
  /** Beyond the allowance. */
  credits: number
}

export interface World extends Asking {
  readonly dir: string
  readonly ledger: Ledger
  readonly payfast: PayfastServer
  readonly seeded: Seeded
  readonly savers: readonly Person[]
  /** By user id: where all effects are known in their order. */
  readonly states: Map<string, State>
  /** Ids that are never used twice: 1, 2, … */
  readonly count: () => number
}

export const newPerson = (name: string, email: string, userId?: string): Person => ({
  name,
  email,
  userId,
  session: undefined,
  ready: undefined,
})

/** A client's own: its random numbers. */
export interface Client {
  readonly world: World
  readonly random: Random
}

/** A word of letters for a number, which nothing takes for personal information. */
export const wordFor = (number: number): string =>
  `case${[...String(number)].map((digit) => 'bcdfghjkmp'.charAt(Number(digit))).join('')}`

/** A text of the kind that people write, with a marker and personal information. */
export function reasonWith(marker: string, { random }: Client): string {
  const words = ['', ', asked by zanele@people.example', ', call 082 555 0142', ', see mail of jan@people.example']
  return `goodwill ${marker}${random.pick(words)}`
}

const keyOf = ({ world, random }: Client): string => `k${world.count()}-${random.between(0, 1e9)}`

/** A change that somebody asks for once, however often it is sent. */
export const change = (client: Client, asked: Asked): Promise<Reply> =>
  askTwice(client.world, client.random, { ...asked, key: keyOf(client) })

export const asAdministrator = (client: Client, path: string, body: unknown): Promise<Reply> =>
  change(client, { path, body, by: client.world.seeded.keys.admin, actor: ADMINISTRATOR })

export const askPlainly = (client: Client, asked: Asked): Promise<Reply> => ask(client.world, asked)

const TOO_MANY_PROBLEMS = 40

/** Says so and gives false where an answer is none of those that may be. Throws where that is so again and again. */
export function expectStatus({ world }: Client, what: string, reply: Reply, ...allowed: readonly number[]): boolean {
  if (allowed.includes(reply.status)) return true
  if (world.problems.length >= TOO_MANY_PROBLEMS) throw new Error('Too many problems to go on')
  world.problems.push(`${what}: ${reply.status}, expected ${allowed.join(' or ')}: ${JSON.stringify(reply.data)}`)
  return false
}
