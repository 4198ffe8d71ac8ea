// The access log as compliance reviewers see it: who saw what of whom, when, and why.
import { z } from 'zod'
import { PURPOSE_IDS } from '../../identity/purposes.ts'
import { limitOf } from './limit.ts'

const EMAIL_REFUSED =
  'expected a subject id: a key with compliance and pii:read finds it by GET /v1/users?filter[email]=…, and the command ' +
  '"gogga access-log --subject -" takes the email itself'

const id = (description: string, example: string) =>
  z
    .string()
    .min(1)
    .max(200)
    // In a URL an address would end up in logs of whatever stands before this server.
    .refine((text) => !text.includes('@'), EMAIL_REFUSED)
    .meta({ description, examples: [example] })
    .optional()

const time = (description: string, example: string) =>
  z.iso
    .datetime({ offset: true, error: 'expected a time in RFC 3339, such as 2026-11-01T00:00:00Z' })
    .meta({ description, examples: [example] })
    .transform((text) => new Date(text))
    .optional()

export const AccessesQuery = z.strictObject({
  subject: id('Only answers that showed this person: a subject id.', 'cmb2x9k4d0001'),
  from: time('From this time on.', '2026-11-01T00:00:00Z'),
  to: time('Before this time.', '2026-12-01T00:00:00Z'),
  key: id('Only by this API key: its id.', '3f9a0c1d2b4e5f60'),
  purpose: z
    .enum([...PURPOSE_IDS, 'none'])
    .meta({ description: 'Only for this purpose; `none`: from before there was a register.', examples: ['support'] })
    .optional(),
  limit: limitOf('Readings a page.'),
  after: z
    .string()
    .min(1)
    .max(500)
    .meta({ description: 'The `page.next` of the page before, with the same filter.', examples: ['WyIyMDI2Il0'] })
    .optional(),
})

const EXAMPLE = {
  id: 'f81d4fae-7dec-41d0-a765-00a0c91e6bf6',
  createdAt: '2026-11-03T08:15:00.000Z',
  apiKeyId: '3f9a0c1d2b4e5f60',
  apiKeyName: 'support console',
  actorId: 'cmb2x9k4d0000',
  osUser: null,
  purpose: 'support',
  route: 'GET /v1/users/:id',
  fields: ['users.email'],
  subjects: ['cmb2x9k4d0001'],
  requestId: '5d1f0a77c9b2-1z',
}

const Access = z
  .strictObject({
    id: z.string(),
    createdAt: z.iso.datetime({ offset: true }).describe('When.'),
    apiKeyId: z.string().describe('Who: the id of the key.'),
    apiKeyName: z.string().nullable().describe('Its name; null where the key is no longer there.'),
    actorId: z.string().nullable().describe('For whom: the administrator that X-Gogga-Actor named; null for nobody.'),
    osUser: z
      .string()
      .nullable()
      .describe(
        "Of a command: the number of the operating system's user, `1001`, or `1001 as 998` with another's rights.",
      ),
    purpose: z.string().nullable().describe('Why: an id of the register; null from before there was one.'),
    route: z.string(),
    fields: z.array(z.string()).describe('What was shown, filtered or sorted by.'),
    subjects: z.array(z.string()).describe('Whose: subject ids, or `<resource>:<id>` of a row of nobody known.'),
    requestId: z.string(),
  })
  .meta({ id: 'Access', examples: [EXAMPLE] })

export const AccessesAnswer = z
  .strictObject({
    data: z.array(Access),
    page: z.strictObject({ next: z.string().nullable().describe('The cursor of the next page; null on the last.') }),
  })
  .meta({ examples: [{ data: [EXAMPLE], page: { next: null } }] })
