// Any error → a problem document. Errors of the family keep their words; anything else says nothing of itself, since
// a driver's or a library's message may hold values.
import { STATUS_CODES } from 'node:http'
import { GoggaError, withoutPaths } from '../errors.ts'
import type { Problem } from './schemas/problem.ts'

export interface Occurrence {
  /** See instance.ts. */
  readonly instance: string
  readonly requestId: string
}

interface HttpError extends Error {
  readonly statusCode?: number
  readonly code?: string
}

export function toProblem(error: unknown, occurrence: Occurrence): Problem {
  if (error instanceof GoggaError && error.status < 500) return describe(error, error.status, occurrence)
  if (error instanceof GoggaError && error.status === 503) return describe(forCallers(error), 503, occurrence)
  const status = statusOf(error)
  if (status < 500) return describe(fromFramework(error as HttpError, status), status, occurrence)
  return describe({ code: 'internal', message: INTERNAL, errors: [], hint: undefined }, status, occurrence)
}

/** 500 for anything that doesn't say otherwise. */
export function statusOf(error: unknown): number {
  const status = error instanceof GoggaError ? error.status : (error as HttpError | undefined)?.statusCode
  return status !== undefined && status >= 400 && status <= 599 ? status : 500
}

const INTERNAL = 'Something failed here that should not have. Report it with the requestId.'

type Told = Pick<GoggaError, 'code' | 'message' | 'errors' | 'hint'>

function describe({ code, message, hint, errors }: Told, status: number, { instance, requestId }: Occurrence): Problem {
  return {
    type: `urn:gogga:problem:${code}`,
    title: STATUS_CODES[status] ?? 'Error',
    status,
    detail: hint ? `${endSentence(message)} ${hint}` : message,
    instance,
    requestId,
    errors,
  }
}

const endSentence = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`)

/** What to do on the machine itself is for the log; callers can only wait, where that helps. */
function forCallers({ code, message, errors, retryAfter }: GoggaError): Told {
  const hint = retryAfter === undefined ? undefined : 'Repeat the request after the time in Retry-After.'
  return { code, message: withoutPaths(message), errors, hint }
}

/** Fastify's own words for what it refuses quote the URL or the body, so they are said anew. */
const FRAMEWORK: Readonly<Record<string, string>> = {
  FST_ERR_BAD_URL: 'The path is not percent-encoded UTF-8',
  FST_ERR_MAX_PARAM_LENGTH: 'The id in the path is too long',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'The body has a content type that is not accepted here; send application/json',
  FST_ERR_CTP_BODY_TOO_LARGE: 'The body is too large',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'The body is empty, expected JSON',
  FST_ERR_CTP_INVALID_JSON_BODY: 'The body is not valid JSON',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'The body is not as long as Content-Length says',
}

function fromFramework({ code = '' }: HttpError, status: number): Told {
  const message = FRAMEWORK[code] ?? STATUS_CODES[status] ?? 'The request was refused'
  return { code: CODES[status] ?? 'usage', message, errors: [], hint: undefined }
}

const CODES: Readonly<Record<number, string>> = {
  401: 'unauthorized',
  403: 'forbidden',
  404: 'not-found',
  405: 'method-not-allowed',
  413: 'too-large',
  414: 'too-long',
  415: 'unsupported-media-type',
  429: 'too-many-requests',
}
