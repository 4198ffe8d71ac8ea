// What a problem document says of the path: nothing that could be somebody's email or number.
import { findPii } from '../pii/find.ts'

/** Without query, fragment and what Fastify takes for a query. */
export const pathOf = (url: string): string => url.split(/[?#;]/, 1)[0] ?? ''

const ID = /^[A-Za-z0-9_-]{1,64}$/
const MAX_SEGMENTS = 16

const isShown = (segment: string): boolean => segment === '' || (ID.test(segment) && findPii(segment).length === 0)

/**
 * The path as it came, as far as its parts look like ids. Of any other part the route's pattern stands there, such as
 * `:id`, and `*` where there is no route.
 */
export function instanceOf(url: string, pattern?: string): string {
  const parts = pattern?.split('/') ?? []
  const segments = pathOf(url).split('/').slice(0, MAX_SEGMENTS)
  return segments.map((segment, index) => (isShown(segment) ? segment : (parts[index] ?? '*'))).join('/')
}
