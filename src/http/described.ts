// What the routes of operations say of themselves in the OpenAPI document.
import type { z } from 'zod'
import { accessTo } from './authorization.ts'
import { securityOf } from './openapi.ts'

export function aboutOperation(method: string, url: string, about: string) {
  const { security, note } = securityOf(accessTo(method, url))
  return { tags: ['operations'], security, description: `${about} ${note}` }
}

export const jsonAnswer = (description: string, schema: z.ZodType) => ({
  description,
  content: { 'application/json': { schema } },
})
