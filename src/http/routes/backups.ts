// Backups, drills and promises, as far as this server can see the stores: what `gogga backup list` and `promises` show.
import type { FastifyInstance } from 'fastify'
import type { z } from 'zod'
import type { Context } from '../../context.ts'
import type { Backup } from '../../ops/backup/list.ts'
import type { Promised } from '../../ops/backup/promises.ts'
import { type SeenList, seeBackups } from '../../ops/backup/seen.ts'
import type { Drill } from '../../ops/backup/types.ts'
import { aboutOperation, jsonAnswer } from '../described.ts'
import { placesOf } from '../places.ts'
import {
  BackupsAnswer,
  BackupsQuery,
  DrillsAnswer,
  PromisesAnswer,
  PromisesQuery,
  type STATES,
} from '../schemas/backups.ts'
import { problemsFor } from '../schemas/problem.ts'

type Query = z.output<typeof BackupsQuery>
type WithoutPlaces = (text: string) => string

const SIGHT = 'Where this server cannot read the store of a file, that is said, and the others are answered.'

export async function backupsRoutes(app: FastifyInstance, { context }: { readonly context: Context }): Promise<void> {
  const { config, now, policies } = context
  const seen = seeBackups(policies, now)
  const problems = problemsFor(400, 401, 403, 503)
  const listsFor = async ({ domain }: Pick<Query, 'domain'>) =>
    (await seen.lists()).filter((list) => domain === undefined || list.domain === domain)
  const places = () => placesOf(config, policies())

  const backups = {
    ...aboutOperation('GET', '/v1/ops/backups', `Backups of each file with their checks, newest first. ${SIGHT}`),
    summary: 'List backups',
    operationId: 'list-backups',
    querystring: BackupsQuery,
    response: { 200: jsonAnswer('Up to `limit` of each file.', BackupsAnswer), ...problems },
  }
  app.get('/v1/ops/backups', { schema: backups }, async ({ query }, reply) => {
    const [lists, withoutPlaces] = [await listsFor(query as Query), places()]
    const data = lists
      .flatMap((list) => list.backups.slice(0, (query as Query).limit))
      .map((backup) => backupOf(backup, withoutPlaces))
      .sort((one, other) => other.takenAt.localeCompare(one.takenAt))
    return reply.send({ data, files: sightOf(lists, (list) => list.backups.length) })
  })

  const drills = {
    ...aboutOperation('GET', '/v1/ops/drills', `Restores for practice and what came of them, newest first. ${SIGHT}`),
    summary: 'List drills',
    operationId: 'list-drills',
    querystring: BackupsQuery,
    response: { 200: jsonAnswer('Up to `limit` of each file.', DrillsAnswer), ...problems },
  }
  app.get('/v1/ops/drills', { schema: drills }, async ({ query }, reply) => {
    const [lists, withoutPlaces] = [await listsFor(query as Query), places()]
    const data = lists
      .flatMap((list) => list.drills.slice(0, (query as Query).limit))
      .map((drill) => drillOf(drill, withoutPlaces))
      .sort((one, other) => other.at.localeCompare(one.at))
    return reply.send({ data, files: sightOf(lists, (list) => list.drills.length) })
  })

  const about = `What the schedule of each file promises, against what its backups and drills achieved. ${SIGHT}`
  const promises = {
    ...aboutOperation('GET', '/v1/ops/backups/promises', about),
    summary: 'Compare backups with what was promised',
    operationId: 'list-backup-promises',
    querystring: PromisesQuery,
    response: { 200: jsonAnswer('Each file, with its alarms.', PromisesAnswer), ...problems },
  }
  app.get('/v1/ops/backups/promises', { schema: promises }, async ({ query }, reply) => {
    const { domain } = query as z.output<typeof PromisesQuery>
    const withoutPlaces = places()
    const data = (await seen.promises())
      .filter((promised) => domain === undefined || promised.domain === domain)
      .map((promised) => promisedOf(promised, withoutPlaces))
    return reply.send({ data, alarms: data.reduce((sum, { alarms }) => sum + alarms.length, 0) })
  })
}

const sightOf = (lists: readonly SeenList[], totalOf: (list: SeenList) => number) =>
  Object.fromEntries(
    lists.map((list) => [
      list.domain,
      { isVisible: list.isVisible, total: totalOf(list), unreadable: list.findings.length },
    ]),
  )

function backupOf(backup: Backup, withoutPlaces: WithoutPlaces) {
  const { manifest, verified } = backup
  const { id, domain, takenAt, tookMs, set = null, bytes, encryption } = manifest
  const found = verified && {
    at: verified.at,
    passed: verified.passed,
    findings: verified.findings.map(withoutPlaces),
  }
  const encrypted = encryption !== null
  return { id, domain, takenAt, tookMs, set, bytes, encrypted, state: stateOf(backup), verified: found ?? null }
}

function stateOf({ manifest, verified, stored }: Backup): (typeof STATES)[number] {
  if (stored === undefined) return 'gone'
  if (verified?.passed === false) return 'failed'
  if (stored !== manifest.bytes.stored) return 'damaged'
  return verified ? 'verified' : 'unverified'
}

const drillOf = ({ domain, backupId, at, tookMs, passed, findings }: Drill, withoutPlaces: WithoutPlaces) => ({
  ...{ domain, backupId, at, tookMs, passed },
  findings: findings.map(withoutPlaces),
})

const OUT_OF_REACH = 'This server cannot read the store: ask where the backups are made'

function promisedOf({ achieved, newest, alarms, ...promised }: Promised, withoutPlaces: WithoutPlaces) {
  const { domain, schedule, configured, backups, lastVerifiedAt = null, lastDrillAt = null } = promised
  const { recoveryPointMs = null, longestGapMs = null, recoveryTimeMs = null } = achieved
  return {
    ...{ domain, schedule, configured, backups, lastVerifiedAt, lastDrillAt },
    isVisible: alarms.every(({ code }) => code !== 'out-of-reach'),
    achieved: { recoveryPointMs, longestGapMs, recoveryTimeMs },
    newest: newest ?? null,
    alarms: alarms.map(({ code, message }) => ({
      code,
      message: code === 'out-of-reach' ? OUT_OF_REACH : withoutPlaces(message),
    })),
  }
}
