// An erasure from the request to its receipt (POPIA sections 14 and 24): the saga over the three files, mails, what was never
// assigned, free pages and logs, then the search of the raw bytes. Every step may be repeated. Whoever is ended in between leaves
// a person who is erased all the same, since the messages are on disk; a repeat by subject id ends what is left of it, and
// searches, since the values stay in identity.db until everything but the search is done, and sealed until a search is clean.
import { type Config, pathInFolder } from '../../config.ts'
import { DOMAINS } from '../../database/domains.ts'
import { hasFile } from '../../database/logs.ts'
import { UnavailableError } from '../../errors.ts'
import type { TakenValues } from '../../identity/erasure.ts'
import { hashKeyOf } from '../../identity/hash-key.ts'
import { takenFor } from '../../identity/taken-values.ts'
import type { Answer } from '../../saga/changes.ts'
import { eraseSubject, foreseeErasure, type SubjectErased } from '../../saga/erase-subject.ts'
import type { Asked } from '../../saga/requests.ts'
import type { Sagas } from '../../saga/sagas.ts'
import type { Needle } from '../audit/bytes/kinds.ts'
import { clearFiles } from './clear.ts'
import {
  completed,
  type Inner,
  isReceipt,
  type Kept,
  keepReceipt,
  requireAlone,
  type Signer,
  signedBy,
} from './kept-receipt.ts'
import { dropKey, openValues, sealValues } from './kept-values.ts'
import { removeMails } from './mails.ts'
import { type Needles, needlesOf } from './needles.ts'
import { nextSteps } from './next-steps.ts'
import { proofOf } from './proof.ts'
import {
  type BackupHeld,
  holding,
  isClean,
  isProven,
  type KeptReceipt,
  lastOf,
  type Proof,
  proofsIn,
  type Receipt,
  type TableDone,
  tablesOf,
} from './receipt.ts'
import { covered, opened, type Sought } from './sought.ts'
import { onThread, type TaskAnswers } from './thread.ts'

export interface Eraser {
  readonly sagas: Sagas
  /** Where mails lie as files. */
  readonly mailFolder: string
  /** Where a split puts what it cannot place; need not be there. */
  readonly unassigned: string
  /** Of the application: searched as well. */
  readonly logFiles: readonly string[]
  readonly listBackups: () => Promise<readonly BackupHeld[]>
  /** What to look for as well, such as where an earlier search was cut off. */
  readonly values?: TakenValues | undefined
  readonly key?: Signer | undefined
}

/** By the configuration. */
export const placesIn = ({ mail, dataDir, logFiles }: Config) => ({
  mailFolder: mail.folder,
  unassigned: pathInFolder(dataDir, 'unassigned'),
  logFiles,
})

export interface Person {
  readonly subjectId: string
  /** An API key's id, or the name of the command. */
  readonly askedBy: string
}

/** Throws as `eraseSubject` does; UnavailableError where a file did not follow yet, ConflictError while another process searches. */
export async function erasePerson(eraser: Eraser, person: Person, asked: Asked): Promise<Answer<Receipt>> {
  await eraser.listBackups() // Where that fails, it should before anything else is done.
  const begun = await eraseSubject(eraser.sagas, person, asked)
  return { ...begun, data: await finishOnce(eraser, begun.data) }
}

/** By file and erasure: whoever asks meanwhile waits, and finds the receipt. */
const running = new Map<string, Promise<Receipt>>()

async function finishOnce(eraser: Eraser, erased: SubjectErased): Promise<Receipt> {
  const key = `${eraser.sagas.files.identity.path} ${erased.erasureId}`
  const before = running.get(key)
  const work = (async () => {
    await before?.catch(() => undefined)
    return await finish(eraser, erased)
  })()
  running.set(key, work)
  try {
    return await work
  } finally {
    if (running.get(key) === work) running.delete(key)
  }
}

/** From the saga's answer on: what is left after it, and the proof. */
async function finish(eraser: Eraser, erased: SubjectErased): Promise<Receipt> {
  const { sagas } = eraser
  const { erasureId, subjectId, ids } = erased
  const { rows } = sagas.files.identity
  const row = rows.find('Erasure', { id: erasureId })
  if (!row) throw new Error('The erasure has no row of its own')
  const earlier = JSON.parse(row.receipt ?? '{}') as Kept
  const inner = isReceipt(earlier) ? earlier : undefined
  if (inner) requireAlone(inner, sagas.now())
  const left = together(takenFor(rows, erasureId), openValues(sagas, erasureId, inner?.sealed))
  const values = together(left, eraser.values)
  if (inner && !values) return inner.sealed === undefined ? completed(inner) : await withoutValues(eraser, inner)
  await sagas.courier.deliver('identity', { id: subjectId, subjectId })
  requireFollowed(sagas, ids)
  const doneAt = row.doneAt ?? sagas.now()
  const base = {
    format: 'gogga-erasure/1',
    ...{ erasureId, subjectId, ids, askedBy: row.askedBy },
    startedAt: row.startedAt.toISOString(),
    doneAt: doneAt.toISOString(),
  } as const
  const known = values && (await needlesOf(sagas.files.identity.path, values, ids))
  const swept = await sweep(eraser, ids, known)
  const needles = known && { ...known, within: [...known.within, ...swept.within] }
  const proofs = inner ? proofsIn(inner) : []
  const done: Done = {
    base,
    tables: summed(isReceipt(earlier) ? earlier.tables : tablesOf(earlier), swept.tables),
    mails: (inner?.mails ?? 0) + swept.mails,
    proofs,
    sought: inner?.sought ?? { since: proofs.length, values: [] },
    backups: inner?.backups ?? [],
  }
  return await search(eraser, done, values, needles)
}

/** Where nothing opens the values any more: what to do is another. */
async function withoutValues({ sagas, key }: Eraser, kept: KeptReceipt & Inner): Promise<Receipt> {
  const { signature: _, ...receipt } = completed(kept)
  const sought = kept.sought ?? { since: receipt.proofs.length, values: [] }
  const next = nextSteps({ proofs: receipt.proofs, sought, isKept: false }, receipt.subjectId)
  const signed = signedBy({ ...receipt, next }, key)
  await keepReceipt(sagas, { ...signed, sought })
  return signed
}

interface Done {
  readonly base: Pick<Receipt, 'format' | 'erasureId' | 'subjectId' | 'ids' | 'askedBy' | 'startedAt' | 'doneAt'>
  readonly tables: Receipt['tables']
  readonly mails: number
  readonly proofs: readonly Proof[]
  readonly sought: Sought
  readonly backups: readonly BackupHeld[]
}

/** The values that were taken out go before the logs are emptied; sealed, they stay until a search is clean. */
async function search(
  eraser: Eraser,
  done: Done,
  values: TakenValues | undefined,
  needles: Needles | undefined,
): Promise<Receipt> {
  const { sagas, mailFolder } = eraser
  const { erasureId } = done.base
  const key = await hashKeyOf(sagas.files.identity, sagas)
  const searching = { pid: process.pid, since: sagas.now().toISOString() }
  const sought = needles ? opened(done.sought, needles.own, key) : done.sought
  const sealed = values && needles && needles.own.length > 0 ? sealValues(sagas, erasureId, values) : undefined
  const begun = { ...done, sought }
  const receipt = { ...receiptOf(begun, sealed !== undefined), sought, ...(sealed !== undefined && { sealed }) }
  await keepReceipt(sagas, { ...receipt, ...(needles && { searching }) })
  await clearFiles(sagas.files)
  const clearedAt = sagas.now()
  if (!needles) return await ended(eraser, begun, { clearedAt })
  // Mails that were being written when the others went.
  const within = new Set(needles.within)
  const late = await removeMails(mailFolder, emailsOf(needles), within)
  const where = { ...eraser, files: sagas.files }
  const proof = await proofOf(where, { ...needles, within: [...within] }, sagas.now).catch(async (error: unknown) => {
    await keepReceipt(sagas, receipt) // Nobody searches any more.
    throw error
  })
  const searched = { ...begun, mails: done.mails + late, proofs: [...done.proofs, proof] }
  if (!isClean(proof)) return await ended(eraser, searched, { clearedAt, sealed })
  return await ended(eraser, { ...searched, sought: covered(done.sought, needles.all, key) }, { clearedAt, sealed })
}

interface Ending {
  readonly clearedAt: Date
  /** The values, for a repeat where it is not proven. */
  readonly sealed?: string | undefined
}

async function ended(eraser: Eraser, done: Done, { clearedAt, sealed }: Ending): Promise<Receipt> {
  // The proof is not lost where the store cannot be read any more.
  const listed = await eraser.listBackups().catch(() => undefined)
  const backups = listed ? holding(listed, clearedAt.toISOString()) : done.backups
  const proven = isProven(done.proofs, done.sought)
  const kept = proven ? undefined : sealed
  const signed = signedBy(receiptOf({ ...done, backups }, kept !== undefined), eraser.key)
  const sought = proven ? { ...done.sought, values: [] } : done.sought
  await keepReceipt(eraser.sagas, { ...signed, sought, ...(kept !== undefined && { sealed: kept }) })
  if (kept === undefined) dropKey(eraser.sagas, done.base.erasureId)
  return signed
}

function receiptOf({ base, proofs, sought, backups, ...done }: Done, isKept: boolean): Receipt {
  const next = nextSteps({ proofs, sought, isKept }, base.subjectId)
  return {
    ...{ ...base, ...done, proof: proofs.at(-1) ?? null, proofs, proven: isProven(proofs, sought) },
    ...(next.length > 0 && { next }),
    ...{ backups, lastBackupExpiresAt: lastOf(backups) },
  }
}

function together(one: TakenValues | undefined, other: TakenValues | undefined): TakenValues | undefined {
  if (!one || !other) return one ?? other
  const names = new Set([...Object.keys(one), ...Object.keys(other)]) as Set<keyof TakenValues>
  const all = [...names].map((name) => [name, [...(one[name] ?? []), ...(other[name] ?? [])]])
  return Object.fromEntries(all) as TakenValues
}

const emailsOf = ({ own }: Needles): readonly Needle[] =>
  own.map(({ needle }) => needle).filter(({ value }) => value.includes('@'))

const pathsOf = ({ identity, billing, admin }: Sagas['files']) => ({
  identity: identity.path,
  billing: billing.path,
  admin: admin.path,
})

const NONE: TaskAnswers['unassigned'] = { tables: [], within: [] }

interface Swept {
  readonly mails: number
  readonly tables: readonly TableDone[]
  /** Values of others, met on the way, that hold one of the person's. */
  readonly within: readonly string[]
}

/** Mails, and what a split could not place; by ids alone where nobody knows the values. */
async function sweep(
  { sagas, mailFolder, unassigned: path }: Eraser,
  ids: readonly string[],
  needles: Needles | undefined,
): Promise<Swept> {
  const values = needles?.own.map(({ needle }) => needle) ?? []
  const within = new Set<string>()
  const mails = needles ? await removeMails(mailFolder, emailsOf(needles), within) : 0
  const cleared = hasFile(path)
    ? await onThread({ kind: 'unassigned', path, paths: pathsOf(sagas.files), ids, values })
    : NONE
  const tables = cleared.tables.map((one): TableDone => ({ file: 'unassigned', ...one }))
  return { mails, tables, within: [...within, ...cleared.within] }
}

/** Of a repeat, which finds less. */
function summed(earlier: readonly TableDone[], more: readonly TableDone[]): readonly TableDone[] {
  const isSame = (one: TableDone, other: TableDone) =>
    one.file === other.file && one.table === other.table && one.action === other.action
  const added = earlier.map((one) => {
    const also = one.file === 'unassigned' ? more.find((other) => isSame(one, other)) : undefined
    return also ? { ...one, rows: one.rows + also.rows } : one
  })
  return [...added, ...more.filter((one) => !earlier.some((other) => isSame(one, other)))]
}

function requireFollowed({ files }: Sagas, ids: readonly string[]): void {
  const behind = DOMAINS.filter((domain) =>
    ids.some(
      (subjectId) =>
        (files[domain].rows as (typeof files)['billing']['rows']).find('Tombstone', { subjectId }) === undefined,
    ),
  )
  if (behind.length === 0) return
  throw new UnavailableError(`${behind.map((domain) => `${domain}.db`).join(' and ')} did not follow the erasure yet`, {
    hint: 'It is sure to come: look at "gogga outbox list", then repeat this by subject id, which proves it as well.',
  })
}

export interface Preview {
  readonly subjectId: string
  readonly ids: readonly string[]
  readonly tables: Receipt['tables']
  readonly backups: readonly BackupHeld[]
  readonly lastBackupExpiresAt: string | null
}

/** What an erasure would do now in the three files; nothing is changed. Throws as it does. */
export async function previewErasure({ sagas, listBackups }: Eraser, subjectId: string): Promise<Preview> {
  const foreseen = await foreseeErasure(sagas, subjectId)
  const backups = await listBackups()
  const { ids } = foreseen
  return { subjectId, ids, tables: tablesOf(foreseen), backups, lastBackupExpiresAt: lastOf(backups) }
}
