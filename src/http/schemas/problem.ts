// RFC 9457 problem documents, the form of every error.
import { z } from 'zod'

export const PROBLEM_TYPE = 'application/problem+json'

export interface Problem {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly instance: string
  readonly requestId: string
  readonly errors: readonly { readonly at: string; readonly message: string }[]
}

export const ProblemSchema = z
  .object({
    type: z.string().describe('urn:gogga:problem:<code>; the code is stable.'),
    title: z.string(),
    status: z.int().min(400).max(599),
    detail: z.string().describe('What was expected, what came, what to do.'),
    instance: z
      .string()
      .describe('The path that was asked for, without its query; `:id` for what does not look like an id.'),
    requestId: z.string().describe('Quote it when you report the problem.'),
    errors: z.array(z.object({ at: z.string(), message: z.string() })),
  })
  .meta({
    id: 'Problem',
    examples: [
      {
        type: 'urn:gogga:problem:usage',
        title: 'Bad Request',
        status: 400,
        detail: 'users has no field "emial"; its fields: id, email, isAdmin, isServiceAdmin, createdAt, updatedAt',
        instance: '/v1/users',
        requestId: '1f6b-2s',
        errors: [{ at: 'emial', message: 'unknown field' }],
      },
    ],
  })

const WORDS: Readonly<Record<number, string>> = {
  400: 'A parameter or a field is unknown, missing or does not fit; `errors` names it and what is allowed.',
  401: 'No key or session came, or it is not valid.',
  403: 'The key or the session does not reach this.',
  404: 'There is no such row.',
  409: 'The state does not allow it, or the same request is being answered now.',
  413: 'The body is too large.',
  415: 'The body is of another content type than is taken here.',
  422: 'The Idempotency-Key came with another request before.',
  429: 'Too many requests; Retry-After says when to try again.',
  503: 'A file or a service is out of reach now; Retry-After says when to try again.',
}

/** What a status says by itself. */
export const problemText = (status: number): string => WORDS[status] ?? ''

/** The entries of a route's `response` for these statuses. */
export function problemsFor(...statuses: readonly number[]): Record<number, unknown> {
  return Object.fromEntries(
    statuses.map((status) => [
      status,
      { description: problemText(status), content: { [PROBLEM_TYPE]: { schema: ProblemSchema } } },
    ]),
  )
}
