// The one table of who may read what. A route that is not in it keeps the app from starting, and an answer may reach
// through links (expand, filter, sort) only into resources that the key's scopes could read by themselves.
import { relationsOf, resources } from '../database/catalog.ts'
import { ForbiddenError } from '../errors.ts'
import type { CatalogModel, Resource } from '../generated/catalog.ts'
import type { Caller, Scope } from '../identity/api-keys.ts'

/** A scope of a service's key, or `person`: whoever signed in, for what is their own. */
export type Who = Scope | 'person'

/** `public`: without a key. Otherwise one of these is needed. */
export type Access = 'public' | readonly Who[]

const REVIEWERS: readonly Scope[] = ['admin', 'compliance']
const PRODUCT: readonly Scope[] = ['frontend', ...REVIEWERS]
const FIGURES: readonly Scope[] = ['ops', ...REVIEWERS]

const RESOURCES: Readonly<Record<Resource, readonly Scope[]>> = {
  users: PRODUCT,
  contacts: REVIEWERS,
  subscriptions: PRODUCT,
  'subscription-events': PRODUCT,
  'credit-purchases': PRODUCT,
  payments: PRODUCT,
  'recurring-schedules': PRODUCT,
  vouchers: PRODUCT,
  'voucher-logs': REVIEWERS,
  'admin-logs': REVIEWERS,
  'admin-log-origins': REVIEWERS,
  'auth-logs': REVIEWERS,
}

const PERSON: readonly Who[] = ['person']
const ADMINISTRATION: readonly Scope[] = ['admin']
const OPERATIONS: readonly Scope[] = ['ops', 'admin']
/** What is about files and machines, not about people. */
const RUNNERS: readonly Scope[] = ['ops']
/** What proves that people's information is kept as the law asks. */
const COMPLIANCE: readonly Scope[] = ['compliance']

const ROUTES: Readonly<Record<string, Access>> = {
  // Whoever signs in has nothing yet but an email; whoever signs out has a session.
  'POST /v1/auth/login-tokens': 'public',
  'POST /v1/auth/sessions': 'public',
  'DELETE /v1/auth/session': PERSON,
  'GET /v1/me': PERSON,
  'GET /v1/me/subscription': PERSON,
  'POST /v1/me/subscription/tier': PERSON,
  'POST /v1/me/subscription/cancellation': PERSON,
  'POST /v1/me/checkouts': PERSON,
  'POST /v1/me/redemptions': PERSON,
  'POST /v1/usage': ['person', 'frontend'],
  // PayFast proves itself by its signature and its address.
  'POST /v1/payfast/notifications': 'public',
  'POST /v1/vouchers': ADMINISTRATION,
  'POST /v1/voucher-batches': ADMINISTRATION,
  'POST /v1/vouchers/:id/void': ADMINISTRATION,
  'DELETE /v1/vouchers/:id': ADMINISTRATION,
  'POST /v1/users/:id/tier-overrides': ADMINISTRATION,
  'POST /v1/users/:id/credit-adjustments': ADMINISTRATION,
  'POST /v1/users/:id/roles': ADMINISTRATION,
  'POST /v1/user-lookups': ADMINISTRATION,
  'GET /v1/subjects/:id': REVIEWERS,
  'GET /v1/subjects/:id/export': COMPLIANCE,
  'POST /v1/subjects/:id/erasure': ['compliance'],
  'POST /v1/subjects/:id/restriction': ['compliance'],
  'DELETE /v1/subjects/:id/restriction': ['compliance'],
  'POST /v1/subjects/:id/corrections': ['compliance'],
  'GET /v1/changes/:id': ['person', 'frontend', 'admin', 'ops'],
  'GET /v1/ops/outbox': OPERATIONS,
  'POST /v1/ops/outbox/:id/retry': OPERATIONS,
  'POST /v1/ops/outbox/:id/drop': OPERATIONS,
  'GET /v1/ops/checks': RUNNERS,
  'POST /v1/ops/checks': RUNNERS,
  'GET /v1/ops/backups': RUNNERS,
  'GET /v1/ops/backups/promises': RUNNERS,
  'GET /v1/ops/drills': RUNNERS,
  'GET /metrics': RUNNERS,
  'GET /v1/compliance/accesses': COMPLIANCE,
  'GET /v1/compliance/audits': COMPLIANCE,
  'GET /v1/compliance/audits/:id': COMPLIANCE,
  'POST /v1/compliance/audits': COMPLIANCE,
  'GET /v1/compliance/chain': COMPLIANCE,
  'POST /v1/compliance/chain': COMPLIANCE,
  'GET /v1/stats/subscriptions': FIGURES,
  'GET /v1/stats/overview': FIGURES,
  // Probes of an orchestrator and a browser that opens the documentation bring no key; neither shows a row.
  'GET /health/live': 'public',
  'GET /health/ready': 'public',
  'GET /openapi.json': 'public',
  'GET /docs': 'public',
  'GET /docs/': 'public',
  'GET /docs/js/scalar.js': 'public',
}

/** By `METHOD /route/:pattern`; a HEAD is a GET. */
export const AUTHORIZATION: ReadonlyMap<string, Access> = new Map<string, Access>([
  ...resources
    .filter(({ listed }) => listed)
    .flatMap(({ resource }): [string, Access][] => {
      const scopes = scopesOf(resource)
      return [
        [`GET /v1/${resource}`, scopes],
        [`GET /v1/${resource}/:id`, scopes],
      ]
    }),
  ...Object.entries(ROUTES),
])

/** Throws where the table lacks the route: whoever adds a route decides who may call it. */
export function accessTo(method: string, route: string): Access {
  const key = `${method === 'HEAD' ? 'GET' : method} ${route}`
  const access = AUTHORIZATION.get(key)
  if (!access) throw new Error(`${key} is not in the authorization table of src/http/authorization.ts`)
  return access
}

export const isForPeople = (access: readonly Who[]): boolean => access.includes('person')
export const scopesIn = (access: readonly Who[]): readonly Scope[] => access.filter((who) => who !== 'person')

export const allows = (scopes: readonly Scope[], caller: Caller): boolean =>
  scopes.some((scope) => caller.scopes.has(scope))

/** A resource that a parameter leads into. */
export interface Reached {
  /** The parameter: `expand`, `sort`, `filter[user.email]`. */
  readonly at: string
  readonly resource: string
}

/** Throws ForbiddenError unless the caller may read every one of these resources. */
export function requireReach(caller: Caller, reached: readonly Reached[]): void {
  const refused = reached.filter(({ resource }) => !allows(scopesOf(resource), caller))
  if (refused.length === 0) return
  const resources = new Set(refused.map(({ resource }) => resource))
  throw new ForbiddenError(`The key's scopes do not reach ${[...resources].join(', ')}`, {
    hint: 'Leave out what leads there, or use a key with one of the scopes named in errors.',
    errors: refused.map(({ at, resource }) => ({ at, message: `${resource} ${needsOneOf(scopesOf(resource))}` })),
  })
}

export const needsOneOf = (access: readonly Who[]): string => `needs one of ${access.join(', ')}`

/**
 * The resources that a path of links leads through: `voucher.user` from voucher-logs gives vouchers and users. It ends
 * at a link that there is not, which the join service refuses with the names that there are.
 */
export function resourcesOnPath(from: CatalogModel, links: readonly string[]): readonly string[] {
  const reached: string[] = []
  let model = from
  for (const name of links) {
    const relation = relationsOf(model).find((candidate) => candidate.name === name)
    if (!relation) break
    model = relation.to
    reached.push(model.resource ?? model.name)
  }
  return reached
}

function scopesOf(resource: string | undefined): readonly Scope[] {
  return Object.hasOwn(RESOURCES, resource ?? '') ? RESOURCES[resource as Resource] : []
}
