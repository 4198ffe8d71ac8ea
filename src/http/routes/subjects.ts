// The rights of a person, for whoever answers for compliance (POPIA sections 11(3), 14 and 24).
import type { FastifyInstance } from 'fastify'
import { type Eraser, erasePerson, placesIn, previewErasure } from '../../compliance/erasure/erase.ts'
import { readSigningKey } from '../../compliance/signing.ts'
import type { Config } from '../../config.ts'
import type { Context } from '../../context.ts'
import { ConflictError } from '../../errors.ts'
import type { RecordAccess } from '../../identity/access-log.ts'
import { findSubject } from '../../identity/contacts.ts'
import { correctionsOf } from '../../identity/corrections.ts'
import { allRestrictions, requireSubject } from '../../identity/restrictions.ts'
import { heldBackups } from '../../ops/backup/held.ts'
import { readPolicies } from '../../ops/backup/policy.ts'
import { correctSubject, disputeSubject } from '../../saga/correct-subject.ts'
import { liftSubject, restrictSubject } from '../../saga/restrict-subject.ts'
import { readingActorOf } from '../actor.ts'
import { callerOf } from '../plugins/auth.ts'
import { ReadingActor } from '../purpose.ts'
import { addRead } from '../reads.ts'
import {
  CorrectionAnswer,
  CorrectionOrder,
  ErasureAnswer,
  ErasureOrder,
  RestrictionLifted,
  RestrictionMade,
  RestrictionOrder,
  Subject,
  SubjectParams,
} from '../schemas/subjects.ts'
import { addWrite } from '../writes.ts'

const ROUTE = { tag: 'compliance', params: SubjectParams, problems: [404] } as const

interface Options {
  readonly context: Context
  readonly record: RecordAccess
}

export async function subjectsRoutes(app: FastifyInstance, { context, record }: Options): Promise<void> {
  addShow(app, context)
  addErasure(app, context)
  addRestriction(app, context)
  addCorrections(app, { context, record })
}

function addShow(app: FastifyInstance, { files }: Context): void {
  addRead(app, {
    ...ROUTE,
    url: '/v1/subjects/:id',
    summary: 'What holds for a person',
    about: 'Restrictions, corrections and erasures by subject id; nothing personal.',
    data: Subject,
    run({ params: { id: subjectId } }) {
      const { rows } = files.identity
      const erased = rows.find('Tombstone', { subjectId }) !== undefined
      return {
        subjectId,
        kind: erased ? 'erased' : requireSubject(rows, subjectId).kind,
        restrictions: allRestrictions(rows, subjectId).map(({ kind, createdAt: since, liftedAt }) => ({
          kind,
          since,
          liftedAt,
        })),
        corrections: correctionsOf(rows, subjectId).map(({ field, outcome, createdAt: at }) => ({
          field,
          outcome,
          at,
        })),
        erasures: rows.list('Erasure', { subjectId }).map(({ id, startedAt, doneAt }) => ({ id, startedAt, doneAt })),
      }
    },
  })
}

function addErasure(app: FastifyInstance, { sagas, config }: Context): void {
  const eraser = eraserOf(sagas, config)
  addWrite(app, {
    ...ROUTE,
    url: '/v1/subjects/:id/erasure',
    summary: 'Erase a person',
    about:
      'From all files, by the policy of each link (POPIA sections 14 and 24). The answer is the receipt, once the raw bytes ' +
      'of the files were searched for what was theirs: some seconds for each gigabyte. `proven` says whether nothing is left, ' +
      'and `next` what to do where it is not. With `preview` nothing is changed. ' +
      '409 for the last service administrator, where another account has the same address, and while another process ' +
      'searches for the same erasure; whoever repeats it here meanwhile waits and gets the same receipt. 503 where a file ' +
      'did not follow yet: it will, and a repeat gives the receipt.',
    body: ErasureOrder,
    data: ErasureAnswer,
    async run({ params: { id: subjectId }, body, request, asked }) {
      if (body.preview) {
        const change = { id: 'preview', settled: true }
        return { status: 200, data: await previewErasure(eraser, subjectId), change, repeated: false }
      }
      return await erasePerson(eraser, { subjectId, askedBy: callerOf(request).keyId }, asked)
    },
  })
}

const eraserOf = (sagas: Context['sagas'], config: Config): Eraser => ({
  sagas,
  ...placesIn(config),
  listBackups: () => heldBackups(readPolicies({ file: config.backupPolicy, dataDir: config.dataDir })),
  key: config.signingKeyFile === undefined ? undefined : readSigningKey(config.signingKeyFile),
})

function addRestriction(app: FastifyInstance, { sagas }: Context): void {
  const url = '/v1/subjects/:id/restriction'
  addWrite(app, {
    ...ROUTE,
    url,
    summary: "Restrict the use of a person's information",
    about:
      'Nothing is charged by itself and nothing mailed unasked from then on (POPIA sections 11(3) and 14(6)). Twice is once.',
    body: RestrictionOrder,
    data: RestrictionMade,
    status: 201,
    run: ({ params: { id: subjectId }, body, asked }) => restrictSubject(sagas, { subjectId, ...body }, asked),
  })
  addWrite(app, {
    ...ROUTE,
    method: 'DELETE',
    url,
    summary: 'Lift restrictions',
    about: 'All that hold for the person, who is to be told first (POPIA section 14(8)). 409 where none holds.',
    data: RestrictionLifted,
    run: ({ params: { id: subjectId }, asked }) => liftSubject(sagas, subjectId, asked),
  })
}

function addCorrections(app: FastifyInstance, { context, record }: Options): void {
  const { sagas, files } = context
  const url = '/v1/subjects/:id/corrections'
  addWrite(app, {
    ...ROUTE,
    url,
    summary: "Correct a person's email, or note what they dispute",
    about:
      'The email is put right wherever it lives (POPIA section 24); 409 where somebody else has it, which is in the access log ' +
      'for the purpose `correction-request` before it is answered. A dispute changes nothing and stays with its note.',
    headers: { 'x-gogga-actor': ReadingActor },
    body: CorrectionOrder,
    data: CorrectionAnswer,
    status: 201,
    async run({ params: { id: subjectId }, body: { email, dispute = '', field }, request, asked }) {
      const actorId = readingActorOf(request, context)
      if (email === undefined) return await disputeSubject(sagas, { subjectId, note: dispute, field }, asked)
      try {
        return await correctSubject(sagas, { subjectId, email }, asked)
      } catch (error) {
        const owner = error instanceof ConflictError ? findSubject(files.identity.rows, email) : undefined
        // That an address is somebody's tells of that person.
        if (owner !== undefined && owner !== subjectId) {
          const access = { apiKeyId: callerOf(request).keyId, route: `POST ${url}`, requestId: request.id, actorId }
          await record({ ...access, fields: ADDRESSES, subjects: [owner], purpose: 'correction-request' })
        }
        throw error
      }
    },
  })
}

const ADDRESSES = ['users.email', 'contacts.email']
