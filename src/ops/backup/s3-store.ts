// An S3-compatible bucket. Objects appear whole: one request, or parts that are completed together. Errors name the
// bucket and what the server called the failure, never a key or a signature.
import { readFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  S3ServiceException,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { z } from 'zod'
import { GoggaError, NotFoundError, UnavailableError, UsageError } from '../../errors.ts'
import { type Target, targetName } from './policy.ts'
import { GONE_HINT, type Store, type StoredFile } from './store.ts'

export type Bucket = Extract<Target, { kind: 's3' }>

/** At least 5 MiB and at most 10,000 parts (docs.aws.amazon.com, Amazon S3 multipart upload limits): 160 GiB. */
const PART_BYTES = 16 << 20
const REQUEST_TIMEOUT_MS = 120_000
const CONNECT_TIMEOUT_MS = 10_000
const ATTEMPTS = 4

const Credentials = z.object({
  accessKeyId: z.string().min(1),
  secretAccessKey: z.string().min(1),
  sessionToken: z.string().min(1).optional(),
})

export function openBucket(target: Bucket): Store {
  const client = clientOf(target)
  const { bucket: Bucket, prefix } = target
  const where = targetName(target)
  const at = (name: string) => ({ Bucket, Key: prefix ? `${prefix}/${name}` : name })
  const told = <T>(work: () => Promise<T>) => tellIn(where, work)
  return {
    where,
    put: (name, path, signal) => told(() => upload(client, at(name), path, signal)),
    putText: (name, text) =>
      told(async () => void (await client.send(new PutObjectCommand({ ...at(name), Body: text })))),
    read: (name) =>
      told(async () => {
        const { Body } = await client.send(new GetObjectCommand(at(name)))
        return Body as Readable
      }),
    async readText(name) {
      try {
        return await told(async () => (await client.send(new GetObjectCommand(at(name)))).Body?.transformToString())
      } catch (error) {
        if (error instanceof NotFoundError) return undefined
        throw error
      }
    },
    list: (start = '') => told(() => listAll(client, target, start)),
    remove: (name) => told(async () => void (await client.send(new DeleteObjectCommand(at(name))))),
    [Symbol.dispose]: () => client.destroy(),
  }
}

function clientOf({ region, endpoint, forcePathStyle, credentialsFile }: Bucket): S3Client {
  return new S3Client({
    region,
    forcePathStyle,
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(credentialsFile === undefined ? {} : { credentials: readCredentials(credentialsFile) }),
    maxAttempts: ATTEMPTS,
    // The archive has a checksum of its own, and not every server knows the newer ones.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: { requestTimeout: REQUEST_TIMEOUT_MS, connectionTimeout: CONNECT_TIMEOUT_MS },
  })
}

function readCredentials(path: string) {
  let json: unknown
  try {
    json = JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    // The parser's words may quote the file.
    const why = (error as NodeJS.ErrnoException).code ?? 'it is no JSON'
    throw new UsageError(`The credentials file ${path} cannot be read: ${why}`)
  }
  const parsed = Credentials.safeParse(json)
  if (!parsed.success)
    throw new UsageError(`The credentials file ${path} does not hold accessKeyId and secretAccessKey`)
  const { sessionToken, ...keys } = parsed.data
  return sessionToken === undefined ? keys : { ...keys, sessionToken }
}

interface Place {
  readonly Bucket: string
  readonly Key: string
}

async function upload(client: S3Client, place: Place, path: string, signal?: AbortSignal): Promise<void> {
  await using file = await open(path, 'r')
  const { size } = await file.stat()
  const options = signal ? { abortSignal: signal } : {}
  const part = async (index: number) => {
    const length = Math.min(PART_BYTES, size - index * PART_BYTES)
    const { buffer } = await file.read(Buffer.allocUnsafeSlow(length), 0, length, index * PART_BYTES)
    return buffer
  }
  if (size <= PART_BYTES) {
    await client.send(new PutObjectCommand({ ...place, Body: await part(0) }), options)
    return
  }
  const { UploadId } = await client.send(new CreateMultipartUploadCommand(place), options)
  try {
    const Parts = []
    for (let index = 0; index * PART_BYTES < size; index++) {
      const PartNumber = index + 1
      const command = new UploadPartCommand({ ...place, UploadId, PartNumber, Body: await part(index) })
      const { ETag } = await client.send(command, options)
      Parts.push({ ETag, PartNumber })
    }
    await client.send(new CompleteMultipartUploadCommand({ ...place, UploadId, MultipartUpload: { Parts } }), options)
  } catch (error) {
    // Parts that are never completed cost money until somebody removes them; a killed process leaves that to a life-cycle rule.
    await client.send(new AbortMultipartUploadCommand({ ...place, UploadId })).catch(() => undefined)
    throw error
  }
}

async function listAll(client: S3Client, { bucket, prefix }: Bucket, start: string): Promise<readonly StoredFile[]> {
  const base = prefix ? `${prefix}/` : ''
  const files: StoredFile[] = []
  let token: string | undefined
  do {
    const page = await client.send(
      new ListObjectsV2Command({
        Bucket: bucket,
        Prefix: base + start,
        ...(token ? { ContinuationToken: token } : {}),
      }),
    )
    for (const { Key = '', Size = 0, LastModified = new Date(0) } of page.Contents ?? [])
      files.push({ name: Key.slice(base.length), bytes: Size, changedAt: LastModified })
    token = page.IsTruncated ? page.NextContinuationToken : undefined
  } while (token)
  return files
}

const NAMES: Readonly<Record<string, string>> = {
  NoSuchBucket: 'Make the bucket, or correct its name in the backup policy.',
  AccessDenied: 'Give these credentials the right to list, read, write and delete there.',
  InvalidAccessKeyId: 'Correct the credentials.',
  SignatureDoesNotMatch: 'Correct the credentials.',
}

async function tellIn<T>(where: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw toldOf(error, where)
  }
}

/** No cause: the client's errors hold the request with its signature. */
function toldOf(error: unknown, where: string): unknown {
  if (error instanceof GoggaError || (error as Error).name === 'AbortError') return error
  const { name, code } = error as Error & { code?: string }
  if (name === 'NoSuchKey' || name === 'NotFound')
    return new NotFoundError(`This is not in ${where}`, { hint: GONE_HINT })
  if (name === 'CredentialsProviderError')
    return new UsageError(`There are no credentials for ${where}`, {
      hint: 'Name a credentialsFile in the backup policy, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.',
    })
  if (!(error instanceof S3ServiceException) && !code && name !== 'TimeoutError') return error
  const what = error instanceof S3ServiceException ? name : (code ?? name)
  return new UnavailableError(`${where} could not be used: ${what}`, {
    hint: NAMES[what] ?? 'Check the endpoint, the network and the server, and repeat it.',
  })
}
