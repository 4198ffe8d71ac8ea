// What `gogga check` finds, as the server found it the last time, and a way to look now.
import type { FastifyInstance } from 'fastify'
import type { Context } from '../../context.ts'
import { StoppedError, UnavailableError } from '../../errors.ts'
import type { Finding, Severity } from '../../ops/check/finding.ts'
import { type Checked, newestOf } from '../../ops/check/turns.ts'
import { countsOf } from '../../ops/metrics/check-figures.ts'
import { aboutOperation, jsonAnswer } from '../described.ts'
import { frames } from '../logging.ts'
import { placesOf } from '../places.ts'
import { BegunChecks, ChecksAnswer, NoWords } from '../schemas/checks.ts'
import { problemsFor } from '../schemas/problem.ts'

const URL = '/v1/ops/checks'
const WORST_FIRST: readonly Severity[] = ['error', 'warning', 'notice']

export async function checksRoutes(app: FastifyInstance, { context }: { readonly context: Context }): Promise<void> {
  const { checker, config, now, policies } = context
  const shown = (finding: Finding) => shownWith(placesOf(config, policies()), finding)

  const look = {
    ...aboutOperation(
      'GET',
      URL,
      'What the last checks found, when, and how long they took. Nothing is checked for the asking.',
    ),
    summary: 'Findings of the checks',
    operationId: 'list-check-findings',
    response: { 200: jsonAnswer('The findings, worst first.', ChecksAnswer), ...problemsFor(401, 403) },
  }
  app.get(URL, { schema: look }, (_request, reply) => {
    const { running, often, whole, findings, failedAt } = checker.state()
    const newest = newestOf(often, whole)
    reply.send({
      data: WORST_FIRST.flatMap((severity) => findings.filter((finding) => finding.severity === severity)).map(shown),
      counts: newest ? countsOf(findings) : null,
      turns: { often: endedOf(newest, now()) ?? null, whole: endedOf(whole, now()) ?? null },
      running: running ?? null,
      failedAt: failedAt ?? null,
    })
  })

  const about =
    'Everything, in a process of its own: nobody waits for it. Where a turn runs already, this one follows it, or is ' +
    'the same. Files are only read. `GET /v1/ops/checks` says when it is over and what it found.'
  const begin = {
    ...aboutOperation('POST', URL, about),
    summary: 'Check everything now',
    operationId: 'post-ops-checks',
    body: NoWords,
    response: {
      202: jsonAnswer('It runs; Location says where to look.', BegunChecks),
      ...problemsFor(400, 401, 403, 413, 415, 422, 503),
    },
  }
  app.post(URL, { schema: begin }, (request, reply) => {
    checker.run('whole').catch((error: unknown) => {
      if (error instanceof StoppedError) return // The server ends.
      request.log.error({ error: frames(error) }, 'the checks came to no end')
    })
    const { running } = checker.state()
    if (!running) throw new UnavailableError('The server is about to end', { hint: 'Ask again when it is back.' })
    reply.code(202).header('location', URL).send({ data: running })
  })
}

function shownWith(withoutPlaces: (text: string) => string, finding: Finding) {
  const { check, severity, place, count = null, message, next } = finding
  return {
    ...{ check, severity, count },
    place: { file: place.file, table: place.table ?? null, column: place.column ?? null },
    message: withoutPlaces(message),
    next: withoutPlaces(next),
  }
}

const endedOf = (checked: Checked | undefined, now: Date) =>
  checked && {
    at: checked.at,
    tookMs: checked.tookMs,
    ageSeconds: Math.max(0, (now.getTime() - checked.at.getTime()) / 1_000),
  }
