// Signing in by a mail, as people do, and out.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseMail } from '../../tests/helpers/parse-mail.ts'
import { askPlainly, type Client, change, expectStatus, type Person, type World } from './world.ts'

/** Email → the token of its newest mail; each file is read once. */
const mailboxes = new WeakMap<World, { readonly read: Set<string>; readonly tokens: Map<string, string> }>()

/** The session of this person, who signs in where there is none. */
export function sessionOf(client: Client, person: Person): Promise<string> {
  person.session ??= signIn(client, person)
  return person.session
}

export async function userIdOf(client: Client, person: Person): Promise<string> {
  await sessionOf(client, person)
  return person.userId ?? ''
}

async function signIn(client: Client, person: Person): Promise<string> {
  const { world } = client
  const { email } = person
  for (;;) {
    const asked = await change(client, { path: '/v1/auth/login-tokens', body: { email } })
    expectStatus(client, 'login token', asked, 200)
    const token = tokenFor(world, email)
    const reply = await change(client, { path: '/v1/auth/sessions', body: { token } })
    if (!expectStatus(client, 'sign-in', reply, 201)) continue
    const { userId, token: session, isNew } = reply.data as { userId: string; token: string; isNew: boolean }
    world.ledger.signIns.push({ userId, email, token: session, isNew })
    if (person.userId !== undefined && person.userId !== userId) world.problems.push(`${email} became another user`)
    person.userId = userId
    if (isNew) world.states.set(userId, { tier: 'FREE', status: 'active', creditsUsed: 0, imagesUsed: 0, credits: 0 })
    return session
  }
}

/** A repeat may find the session gone already. */
export async function signOut(client: Client, person: Person): Promise<void> {
  const token = await sessionOf(client, person)
  const reply = await askPlainly(client, { method: 'DELETE', path: '/v1/auth/session', by: token })
  if (!expectStatus(client, 'sign-out', reply, 204, ...(reply.tries > 1 ? [401] : []))) return
  client.world.ledger.signOuts.push({ token })
  person.session = undefined
}

function tokenFor(world: World, email: string): string {
  const box = mailboxes.get(world) ?? { read: new Set(), tokens: new Map() }
  mailboxes.set(world, box)
  const folder = join(world.dir, 'mail')
  for (const name of readdirSync(folder)) {
    if (!name.endsWith('.eml') || box.read.has(name)) continue
    box.read.add(name)
    const { headers, text = '' } = parseMail(readFileSync(join(folder, name), 'utf8'))
    const [token] = /gogga_login_[\w-]{43}/.exec(text) ?? []
    if (token !== undefined) box.tokens.set(headers.to?.replace(/[<>]/g, '') ?? '', token)
  }
  const token = box.tokens.get(email)
  if (token === undefined) throw new Error(`No mail for ${email}`)
  return token
}
