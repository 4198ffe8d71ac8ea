// Clients that work until they are told to stop, each with people of its own beside those of all. What the next kill waits
// for is done more often.
import { look, MOVES, move } from './movers.ts'
import { actAsPayer, PAYING } from './payers.ts'
import type { Work } from './places.ts'
import type { Random } from './random.ts'
import { SHARED } from './savers.ts'
import { emailOf } from './seed.ts'
import { sessionOf, userIdOf } from './sign-in.ts'
import { type Client, newPerson, type Person, type World } from './world.ts'

export interface Load {
  /** What leads to the place where the server is to end; undefined: anything. */
  wanted: Work | undefined
  stopped: boolean
}

const MOVERS_EACH = 2

/** Resolves when it has stopped and its last request is answered. */
export async function runClient(
  world: World,
  random: Random,
  load: Load,
  { name, payers }: { readonly name: string; readonly payers: readonly Person[] },
): Promise<void> {
  const client = { world, random }
  const movers = Array.from({ length: MOVERS_EACH }, (_, index) => newcomer(`${name}-mover-${index}`))
  while (!load.stopped) {
    const work = load.wanted !== undefined && random.chance(0.5) ? load.wanted : undefined
    await workOnce(client, movers, payers, work)
  }
}

async function workOnce(
  client: Client,
  movers: readonly Person[],
  payers: readonly Person[],
  wanted: Work | undefined,
): Promise<void> {
  const { random } = client
  const choices: (readonly [weight: number, works: readonly Work[], act: (work: Work) => Promise<void>])[] = [
    [5, worksOf(MOVES), (work) => move(client, random.pick(movers), work)],
    [5, worksOf(SHARED), async (work) => SHARED[work]?.(client)],
    [1, ['newcomer'], () => welcome(client)],
  ]
  if (payers.length > 0) choices.push([3, worksOf(PAYING), (work) => actAsPayer(client, random.pick(payers), work)])
  const fitting = wanted === undefined ? choices : choices.filter(([, works]) => works.includes(wanted))
  const [, works, act] = drawn(random, fitting)
  await act(wanted ?? random.pick(works))
}

function drawn<T extends readonly [weight: number, ...rest: readonly unknown[]]>(
  random: Random,
  choices: readonly T[],
): T {
  let left = random.between(
    1,
    choices.reduce((sum, [weight]) => sum + weight, 0),
  )
  for (const choice of choices) {
    left -= choice[0]
    if (left <= 0) return choice
  }
  throw new Error('There is nothing to choose from')
}

const worksOf = (acts: Partial<Readonly<Record<Work, unknown>>>): Work[] => Object.keys(acts) as Work[]

/** Somebody whom nobody knows yet: a user, and a FREE subscription in another file. */
async function welcome(client: Client): Promise<void> {
  const person = newcomer(`newcomer-${client.world.count()}`)
  await sessionOf(client, person)
  const state = client.world.states.get(await userIdOf(client, person))
  if (!state) throw new Error(`${person.name} is not new`)
  await look(client, person, state)
}

const newcomer = (name: string): Person => newPerson(name, emailOf(name))
