// An erasure from the request to its receipt (POPIA sections 14 and 24): the saga over the three files, mails, free pages and
// logs, then the search of the raw bytes. Every step may be repeated. Whoever is ended in between leaves a person who is
// erased all the same, since the messages are on disk; a repeat by subject id then ends what is left of it.
import { readdirSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { changeIn, type Files } from '../../database/clients.ts'
import { DOMAINS, type Domain } from '../../database/domains.ts'
import { UnavailableError } from '../../errors.ts'
import type { TakenValues } from '../../identity/erasure.ts'
import type { Answer } from '../../saga/changes.ts'
import { type Begun, type ErasureBegun, eraseSubject, foreseeErasure } from '../../saga/erase-subject.ts'
import type { Asked } from '../../saga/requests.ts'
import type { Sagas } from '../../saga/sagas.ts'
import { removeMails } from './mails.ts'
import { needlesOf } from './needles.ts'
import { type BackupHeld, holding, lastOf, type Proof, type Receipt, signedBytes, tablesOf } from './receipt.ts'
import { searchFiles } from './search.ts'

export interface Eraser {
  readonly sagas: Sagas
  /** Where mails lie as files. */
  readonly mailFolder: string
  readonly listBackups: () => Promise<readonly BackupHeld[]>
  /** What to look for where the process that erased was ended before it could. */
  readonly values?: TakenValues | undefined
  readonly key?: { readonly id: string; readonly sign: (bytes: Uint8Array) => Uint8Array } | undefined
}

export interface Person {
  readonly subjectId: string
  /** An API key's id, or the name of the command. */
  readonly askedBy: string
}

/** Throws as `eraseSubject` does; UnavailableError where a file did not follow yet. */
export async function erasePerson(eraser: Eraser, person: Person, asked: Asked): Promise<Answer<Receipt>> {
  await eraser.listBackups() // Where that fails, it should before anything else is done.
  const begun = await eraseSubject(eraser.sagas, person, asked)
  return { ...begun, data: await finishErasure(eraser, begun) }
}

/** From the saga's answer on: what is left after it, and the proof. */
async function finishErasure(eraser: Eraser, begun: ErasureBegun): Promise<Receipt> {
  const { sagas, mailFolder } = eraser
  const { files } = sagas
  const { erasureId, subjectId, ids } = begun.data
  const row = files.identity.rows.find('Erasure', { id: erasureId })
  if (!row) throw new Error('The erasure has no row of its own')
  const earlier = JSON.parse(row.receipt ?? '{}') as Begun | Receipt
  if ('format' in earlier && !begun.values && !eraser.values) return earlier
  await sagas.courier.deliver('identity', { id: subjectId, subjectId })
  requireFollowed(files, ids)
  const doneAt = sagas.now()
  const values = begun.values ?? eraser.values
  const mails = values ? removeMails(mailFolder, values.emails) : 0
  for (const domain of DOMAINS) await clear(files, domain)
  const proof = values ? await proofOf(sagas, values) : null
  const backups = holding(await eraser.listBackups(), doneAt.toISOString())
  const receipt: Receipt = {
    format: 'gogga-erasure/1',
    ...{ erasureId, subjectId, ids, askedBy: row.askedBy },
    startedAt: row.startedAt.toISOString(),
    doneAt: doneAt.toISOString(),
    tables: 'format' in earlier ? earlier.tables : tablesOf(earlier),
    ...{ mails, proof, backups, lastBackupExpiresAt: lastOf(backups) },
  }
  const signed = signedBy(receipt, eraser.key)
  await files.identity.change((tx) =>
    tx.update('Erasure', { id: erasureId }, { doneAt, receipt: JSON.stringify(signed) }),
  )
  return signed
}

function signedBy(receipt: Receipt, key: Eraser['key']): Receipt {
  if (!key) return receipt
  const ed25519 = Buffer.from(key.sign(signedBytes(receipt))).toString('base64')
  return { ...receipt, signature: { keyId: key.id, ed25519 } }
}

function requireFollowed(files: Files, ids: readonly string[]): void {
  const behind = DOMAINS.filter((domain) =>
    ids.some(
      (subjectId) => (files[domain].rows as Files['billing']['rows']).find('Tombstone', { subjectId }) === undefined,
    ),
  )
  if (behind.length === 0) return
  throw new UnavailableError(`${behind.map((domain) => `${domain}.db`).join(' and ')} did not follow the erasure yet`, {
    hint: 'It is sure to come: look at "gogga outbox list", then repeat this by subject id; for the proof, name the values to look for.',
  })
}

const FREE_STEP = 200

/** Deleted cells are zeros already (secure_delete); free pages go where the file gives them back, and the log goes into the file. */
async function clear(files: Files, domain: Domain): Promise<void> {
  const mode = files[domain].reader.pragma('auto_vacuum', { simple: true })
  if (mode === 2) {
    await changeIn(files, domain, (tx) => {
      for (let step = 0; step < FREE_STEP; step++) tx.run('pragma incremental_vacuum(1)')
    })
  }
  try {
    await files[domain].checkpoint()
  } catch (error) {
    // Somebody reads an older state: the search finds what that holds back.
    if (!(error instanceof UnavailableError)) throw error
  }
}

async function proofOf(sagas: Sagas, values: TakenValues): Promise<Proof> {
  const { files, now } = sagas
  const { needles, left } = needlesOf(files.identity.rows, values)
  const paths = DOMAINS.flatMap((domain) => besides(files[domain].path))
  const searched = await searchFiles(paths, needles)
  const kinds = Object.entries(Object.groupBy(needles, ({ kind }) => kind))
  const found = searched.flatMap(({ path, hits }) =>
    Object.entries(hits).map(([number, count]) => ({
      file: basename(path),
      kind: needles[Number(number)]?.kind ?? 'text',
      count,
    })),
  )
  return {
    at: now().toISOString(),
    searched: searched.map(({ path, bytes }) => ({ file: basename(path), bytes })),
    values: Object.fromEntries(kinds.map(([kind, list = []]) => [kind, list.length])),
    shared: left,
    found,
  }
}

/** The file, its log, and what earlier restores put aside in its folder. */
function besides(path: string): readonly string[] {
  const name = basename(path)
  return readdirSync(dirname(path))
    .filter((each) => each === name || each.startsWith(`${name}-wal`) || each.startsWith(`${name}.before-restore-`))
    .map((each) => join(dirname(path), each))
}

export interface Preview {
  readonly subjectId: string
  readonly ids: readonly string[]
  readonly tables: Receipt['tables']
  readonly backups: readonly BackupHeld[]
  readonly lastBackupExpiresAt: string | null
}

/** What an erasure would do now; nothing is changed. Throws as it does. */
export async function previewErasure({ sagas, listBackups }: Eraser, subjectId: string): Promise<Preview> {
  const foreseen = await foreseeErasure(sagas, subjectId)
  const backups = await listBackups()
  const { ids } = foreseen
  return { subjectId, ids, tables: tablesOf(foreseen), backups, lastBackupExpiresAt: lastOf(backups) }
}
