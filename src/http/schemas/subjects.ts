// A person's rights over HTTP: what is asked for, and what is answered. No answer holds an address.
import { z } from 'zod'
import { DOMAINS } from '../../database/domains.ts'
import { RESTRICTIONS } from '../../identity/restrictions.ts'
import { SubjectId } from './ids.ts'
import { prose } from './words.ts'

const MAX_EMAIL = 254
const ID = 'cmb2x9k4d0001'
const AT = '2026-03-14T09:26:53.589Z'

export const SubjectParams = z.object({ id: SubjectId })

const Note = prose(2_000).meta({ description: 'What the person said; stays in identity.db.', examples: ['By letter'] })
const Kind = z.enum(RESTRICTIONS)

export const Subject = z
  .strictObject({
    subjectId: SubjectId,
    kind: z.enum(['user', 'contact', 'erased']),
    restrictions: z.array(
      z.strictObject({
        kind: Kind,
        since: z.iso.datetime(),
        liftedAt: z.iso.datetime().nullable().describe('Null: it holds.'),
      }),
    ),
    corrections: z.array(z.strictObject({ field: z.string(), outcome: z.string(), at: z.iso.datetime() })),
    erasures: z.array(
      z.strictObject({ id: z.string(), startedAt: z.iso.datetime(), doneAt: z.iso.datetime().nullable() }),
    ),
  })
  .meta({
    examples: [
      {
        ...{ subjectId: ID, kind: 'user', restrictions: [{ kind: 'restricted', since: AT, liftedAt: null }] },
        ...{ corrections: [{ field: 'identity.User.email', outcome: 'corrected', at: AT }], erasures: [] },
      },
    ],
  })

export const ErasureOrder = z
  .strictObject({ preview: z.boolean().describe('Say what would be done, and do nothing; false erases for good.') })
  .meta({ examples: [{ preview: true }] })

const Table = z.strictObject({
  file: z.enum([...DOMAINS, 'unassigned']),
  table: z.string(),
  action: z.enum(['deleted', 'emptied', 'kept']),
  rows: z.int(),
  columns: z.array(z.string()).optional().describe('Where several columns of the table name the person.'),
  because: z.string().optional(),
  period: z.string().nullable().optional(),
})
const Backup = z.strictObject({
  domain: z.enum(DOMAINS),
  id: z.string(),
  takenAt: z.iso.datetime(),
  expiresAt: z.iso.datetime(),
})
const Proof = z.strictObject({
  at: z.iso.datetime(),
  searched: z.array(z.strictObject({ file: z.string(), bytes: z.int() })),
  values: z.record(z.string(), z.int()),
  shared: z.int(),
  sharedIn: z.record(z.string(), z.int()).optional(),
  found: z.array(
    z.strictObject({
      file: z.string(),
      kind: z.string(),
      count: z.int(),
      where: z.string().optional(),
      tables: z.array(z.string()).optional(),
    }),
  ),
  unread: z.array(z.string()).optional(),
})

/** A preview has what is known before: tables and backups. */
export const ErasureAnswer = z
  .strictObject({
    subjectId: SubjectId,
    ids: z.array(SubjectId).describe('Those of a contact with the same address included.'),
    tables: z.array(Table),
    backups: z.array(Backup).describe('Those that hold the person, and until when at the latest.'),
    lastBackupExpiresAt: z.iso.datetime().nullable(),
    format: z.literal('gogga-erasure/1').optional(),
    erasureId: z.string().optional(),
    askedBy: z.string().optional(),
    startedAt: z.iso.datetime().optional(),
    doneAt: z.iso.datetime().optional(),
    mails: z.int().optional(),
    proof: Proof.nullable().optional().describe('The latest search; null where nobody knew the values any more.'),
    proofs: z.array(Proof).optional().describe('Every search, in their order.'),
    proven: z.boolean().optional().describe('Whether the searches say that nothing is left.'),
    next: z.array(z.string()).optional().describe('What to do where it is not proven.'),
    signature: z.strictObject({ keyId: z.string(), ed25519: z.string() }).optional(),
  })
  .meta({
    examples: [
      {
        ...{ subjectId: ID, ids: [ID], backups: [], lastBackupExpiresAt: null },
        tables: [{ file: 'identity', table: 'User', action: 'deleted', rows: 1 }],
      },
    ],
  })

export const RestrictionOrder = z
  .strictObject({ kind: Kind, note: Note.optional() })
  .meta({ examples: [{ kind: 'objected', note: 'By letter' }] })

export const RestrictionMade = z
  .strictObject({ subjectId: SubjectId, kind: Kind, createdAt: z.iso.datetime() })
  .meta({ examples: [{ subjectId: ID, kind: 'objected', createdAt: AT }] })

export const RestrictionLifted = z
  .strictObject({ subjectId: SubjectId, lifted: z.array(Kind) })
  .meta({ examples: [{ subjectId: ID, lifted: ['objected'] }] })

export const CorrectionOrder = z
  .strictObject({
    email: z.email().max(MAX_EMAIL).optional(),
    dispute: Note.optional(),
    field: z
      .string()
      .max(100)
      .optional()
      .describe('What a dispute is about, such as identity.User.email; left out: nothing in particular.'),
  })
  .refine((order) => (order.email === undefined) !== (order.dispute === undefined), 'expected either email or dispute')
  .refine((order) => order.email === undefined || order.field === undefined, 'a field goes with a dispute')
  .meta({ examples: [{ email: 'thandi@example.co.za' }] })

export const CorrectionAnswer = z
  .strictObject({
    id: z.string(),
    subjectId: SubjectId,
    field: z.string().describe('Empty where a dispute names none.'),
    outcome: z.string(),
    logged: z.int().optional().describe('Rows of the log of the door that bear the right address now.'),
    revoked: z.int().optional().describe('Login tokens to the wrong address that are void.'),
  })
  .meta({
    examples: [{ id: 'c1', subjectId: ID, field: 'identity.User.email', outcome: 'corrected', logged: 4, revoked: 0 }],
  })
